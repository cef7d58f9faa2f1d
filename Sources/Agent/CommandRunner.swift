import AgentProtocol
import Sandbox
import Store

/// Runs a command in the sandbox, its output streamed into the session's log.
struct CommandRunner: Sendable {
    let sandbox: any Sandbox
    let log: EventLog
    let limits: AgentLimits

    struct Outcome: Sendable {
        var result: CommandResult
        /// What the model reads.
        var stdout: String
        var stderr: String
        /// What parsers read, when asked for.
        var captured: (stdout: [UInt8], stderr: [UInt8])
    }

    /// - Parameters:
    ///   - itemId: the tool call or check that the output belongs to.
    ///   - capture: bytes of each stream to keep whole for parsers.
    /// - Throws: `SandboxError`, `StoreError`, and `CancellationError` once the cancelled command has ended.
    func run(_ request: ExecRequest, itemId: String, capture: Int = 0) async throws -> Outcome {
        let handle = try await sandbox.exec(request)
        return try await withTaskCancellationHandler {
            var encoders = (
                OutputEncoder(itemId: itemId, stream: .stdout), OutputEncoder(itemId: itemId, stream: .stderr)
            )
            var buffers = (
                HeadTailBuffer(limit: limits.toolOutputBytes), HeadTailBuffer(limit: limits.toolOutputBytes)
            )
            var captured: (stdout: [UInt8], stderr: [UInt8]) = ([], [])
            do {
                for await chunk in handle.output {
                    let event: AgentEvent?
                    switch chunk.stream {
                    case .stdout:
                        event = encoders.0.encode(offset: chunk.offset, bytes: chunk.bytes)
                        buffers.0.append(chunk.bytes)
                        captured.stdout += chunk.bytes.prefix(max(0, capture - captured.stdout.count))
                    case .stderr:
                        event = encoders.1.encode(offset: chunk.offset, bytes: chunk.bytes)
                        buffers.1.append(chunk.bytes)
                        captured.stderr += chunk.bytes.prefix(max(0, capture - captured.stderr.count))
                    }
                    if let event { try await log.append(event) }
                }
                for event in [encoders.0.finish(), encoders.1.finish()] {
                    if let event { try await log.append(event) }
                }
            } catch {
                // The log cannot be written: nothing may run on unrecorded.
                await handle.cancel()
                throw error
            }
            let result = try await handle.result()
            try Task.checkCancellation()
            return Outcome(
                result: CommandResult(result), stdout: buffers.0.text, stderr: buffers.1.text, captured: captured)
        } onCancel: {
            Task { await handle.cancel() }
        }
    }
}

extension CommandResult {
    /// The exit record of the sandbox in the form of the wire.
    init(_ result: ExecResult) {
        let milliseconds = Int(result.duration / .milliseconds(1))
        self.init(
            status: .lost, durationMilliseconds: milliseconds, cpuMilliseconds: result.cpuMicroseconds / 1000,
            peakKiB: result.peakKiB, stdoutBytes: result.stdoutBytes, stderrBytes: result.stderrBytes)
        switch result.outcome {
        case .exited(let code):
            status = .exited
            exitCode = Int(code)
        case .signalled(let number):
            status = .signalled
            signal = Int(number)
        case .timedOut:
            status = .timedOut
        case .killed:
            status = .killed
        case .outOfMemory:
            status = .outOfMemory
        case .couldNotStart(_, let message):
            status = .couldNotStart
            self.message = message
        case .lost(let reason):
            status = .lost
            message = reason
        }
    }

    /// One line for people and the model: `exit code 2`, `timed out after 120.0 s`.
    public var summary: String {
        let seconds = "\(durationMilliseconds / 1000).\(durationMilliseconds % 1000 / 100) s"
        return switch status {
        case .exited: "exit code \(exitCode ?? -1)"
        case .signalled: "killed by signal \(signal ?? 0)"
        case .timedOut: "timed out after \(seconds)"
        case .killed: "killed after \(seconds)"
        case .couldNotStart: "could not start: \(message ?? "unknown reason")"
        case .outOfMemory: "out of memory"
        case .lost: "the sandbox was lost: \(message ?? "unknown reason")"
        }
    }
}
