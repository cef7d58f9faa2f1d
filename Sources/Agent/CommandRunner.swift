import AgentProtocol
import Sandbox
import Secrets
import Store

/// Runs a command in the sandbox, its output streamed into the session's log.
struct CommandRunner: Sendable {
    let sandbox: any Sandbox
    let log: EventLog
    let limits: AgentLimits
    var resumption = Resumption()
    /// What its output does not show.
    var secrets: KnownSecrets?

    struct Outcome: Sendable {
        var result: CommandResult
        /// What the model reads.
        var stdout: String
        var stderr: String
        /// What parsers read, when asked for.
        var captured: (stdout: [UInt8], stderr: [UInt8])
        /// Files that were there before it, also where it was started by a former service.
        var addedBefore: Set<String>
    }

    /// Runs a command. What a former service began for the same item is read on instead.
    ///
    /// - Parameters:
    ///   - itemId: the tool call or check that the output belongs to.
    ///   - addedBefore: files that commands before this one added.
    ///   - capture: bytes of each stream to keep whole for parsers.
    /// - Throws: `SandboxError`, `StoreError`, and `CancellationError` once the cancelled command has ended.
    func run(
        _ request: ExecRequest, itemId: String, addedBefore: Set<String> = [], capture: Int = 0
    ) async throws -> Outcome {
        let begun = try await begin(request, itemId: itemId, addedBefore: addedBefore)
        let handle = begun.handle
        return try await withTaskCancellationHandler {
            var logger = begun.logger
            var buffers = (
                HeadTailBuffer(limit: limits.toolOutputBytes), HeadTailBuffer(limit: limits.toolOutputBytes)
            )
            var captured: (stdout: [UInt8], stderr: [UInt8]) = ([], [])
            do {
                for await chunk in handle.output.masking(secrets) {
                    switch chunk.stream {
                    case .stdout:
                        buffers.0.append(chunk.bytes)
                        captured.stdout += chunk.bytes.prefix(max(0, capture - captured.stdout.count))
                    case .stderr:
                        buffers.1.append(chunk.bytes)
                        captured.stderr += chunk.bytes.prefix(max(0, capture - captured.stderr.count))
                    }
                    try await logger.take(chunk)
                }
                try await logger.finish()
            } catch {
                // The log cannot be written: nothing may run on unrecorded.
                await handle.cancel()
                throw error
            }
            let result = try await handle.result()
            try Task.checkCancellation()
            return Outcome(
                result: CommandResult(result), stdout: buffers.0.text, stderr: buffers.1.text, captured: captured,
                addedBefore: begun.addedBefore)
        } onCancel: {
            Task { await handle.cancel() }
        }
    }

    /// A command that has begun, or goes on.
    struct Begun {
        var handle: any ExecHandle
        var logger: OutputLogger
        var addedBefore: Set<String>
    }

    /// The command's name is kept before it starts: whatever happens then, it is found again and never run twice.
    private func begin(_ request: ExecRequest, itemId: String, addedBefore: Set<String>) async throws -> Begun {
        var request = request
        request.outputLimit = limits.commandOutputBytes
        guard let kept = resumption.take(KeptKey.exec(itemId), as: KeptExec.self), let id = ExecID(kept.id) else {
            try await log.keep([
                .value(
                    KeptKey.exec(itemId), KeptExec(id: request.id.description, addedBefore: addedBefore.sorted()))
            ])
            return Begun(
                handle: try await sandbox.exec(request), logger: OutputLogger(itemId: itemId, log: log),
                addedBefore: addedBefore)
        }
        request.id = id
        let logged = resumption.take(KeptKey.output(itemId), as: KeptOutput.self) ?? KeptOutput()
        return Begun(
            handle: try await find(request), logger: OutputLogger(itemId: itemId, log: log, logged: logged),
            addedBefore: Set(kept.addedBefore))
    }

    /// A command that a former service started, or meant to. It is read from its beginning: its head and its tail are
    /// what the model is told.
    func find(_ request: ExecRequest) async throws -> any ExecHandle {
        do {
            return try await sandbox.attach(request.id, stdoutOffset: 0, stderrOffset: 0)
        } catch SandboxError.unknownCommand {
            return try await sandbox.exec(request)
        }
    }
}

extension CommandResult {
    /// The exit record of the sandbox in the form of the wire.
    init(_ result: ExecResult) {
        let milliseconds = Int(result.duration / .milliseconds(1))
        self.init(
            status: .lost, durationMilliseconds: milliseconds, cpuMilliseconds: result.cpuMicroseconds / 1000,
            peakKiB: result.peakKiB, stdoutBytes: result.stdoutBytes, stderrBytes: result.stderrBytes,
            stdoutTruncated: result.stdoutTruncated.map(OutputTruncation.init),
            stderrTruncated: result.stderrTruncated.map(OutputTruncation.init))
        switch result.outcome {
        case .exited(let code):
            status = .exited
            exitCode = Int(code)
        case .signalled(let number):
            status = .signalled
            signal = Int(number)
        case .timedOut:
            status = .timedOut
        case .killed(by: .client):
            status = .killed
        case .killed(by: .limit(let name)):
            status = .killed
            message = name
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
        ([ending] + losses).joined(separator: "; ")
    }

    private var ending: String {
        let seconds = "\(durationMilliseconds / 1000).\(durationMilliseconds % 1000 / 100) s"
        return switch status {
        case .exited: "exit code \(exitCode ?? -1)"
        case .signalled: "killed by signal \(signal ?? 0)"
        case .timedOut: "timed out after \(seconds)"
        case .killed: message.map { "killed after \(seconds) by a limit: \($0)" } ?? "killed after \(seconds)"
        case .couldNotStart: "could not start: \(message ?? "unknown reason")"
        case .outOfMemory: "out of memory: killed by the kernel after \(seconds)"
        case .lost: "the sandbox was lost: \(message ?? "unknown reason")"
        }
    }
}

extension OutputTruncation {
    init(_ truncation: ExecResult.Truncation) {
        switch truncation.reason {
        case .outputLimit:
            self.init(from: truncation.from, to: truncation.to, reason: .outputLimit)
        case .journal(let number):
            let message = "the sandbox's journal could not be written (errno \(number))"
            self.init(
                from: truncation.from, to: truncation.to, reason: .journal,
                message: number == 28 ? "the disk is full" : message)
        }
    }
}
