import Sandbox

/// A command of a tool's own, whose output is the tool's result and no event.
enum QuietCommand {
    struct Outcome: Sendable {
        var result: ExecResult
        var stdout: [UInt8]
        var stderr: [UInt8]
    }

    /// A search that prints more is too wide to be of use.
    private static let maximumBytes = 1 << 20

    static func run(_ arguments: [String], _ context: ToolContext) async throws -> Outcome {
        let handle = try await context.sandbox.exec(
            ExecRequest(arguments: arguments, timeout: .seconds(60), outputLimit: maximumBytes))
        return try await withTaskCancellationHandler {
            var stdout: [UInt8] = []
            var stderr: [UInt8] = []
            for await chunk in handle.output {
                switch chunk.stream {
                case .stdout: stdout += chunk.bytes
                case .stderr: stderr += chunk.bytes
                }
            }
            let result = try await handle.result()
            try Task.checkCancellation()
            return Outcome(result: result, stdout: stdout, stderr: stderr)
        } onCancel: {
            Task { await handle.cancel() }
        }
    }
}
