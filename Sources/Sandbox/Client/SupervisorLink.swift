import SupervisorProtocol
import Synchronization

/// The service's end of the protocol: gives requests to a byte stream and hands events to whoever waits for them.
///
/// It knows nothing of sockets or threads: a driver feeds it bytes and gives it a function that sends some.
final class SupervisorLink: Sendable {
    private struct WeakCommand {
        weak var command: RemoteCommand?
    }

    private struct PendingReply {
        var continuation: CheckedContinuation<FileReply, any Error>
        var entries: [FileReply.Entry] = []
    }

    private struct State {
        var commands: [ExecID: WeakCommand] = [:]
        var replies: [UInt64: PendingReply] = [:]
        var nextNumber: UInt64 = 1
        var failure: SandboxError?
        var greeting: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let transmit: @Sendable ([UInt8]) -> Void
    /// Reads an exit record that the supervisor wrote but could not announce.
    private let recover: @Sendable (ExecID) -> ExitRecord?

    init(
        transmit: @escaping @Sendable ([UInt8]) -> Void,
        recover: @escaping @Sendable (ExecID) -> ExitRecord?
    ) {
        self.transmit = transmit
        self.recover = recover
    }

    func send(_ request: SupervisorRequest) {
        transmit(request.encoded())
    }

    /// Begins the conversation; `greeted` is called once the supervisor has answered.
    func greet(_ greeted: @escaping @Sendable () -> Void) {
        state.withLock { $0.greeting = greeted }
        send(.hello(version: ProtocolLimits.version))
    }

    /// The command of this request, started if it is new. Weak references suffice: the journal knows the others.
    func command(for request: ExecRequest, as wire: ExecCommand) throws(SandboxError) -> RemoteCommand {
        let frame = SupervisorRequest.exec(wire).encoded()
        guard frame.count <= ProtocolLimits.maximumPayload else {
            throw .requestTooLarge("arguments, environment and standard input together are \(frame.count) bytes")
        }
        enum Found {
            case known(RemoteCommand)
            case new(RemoteCommand)
            case failed(SandboxError)
        }
        let found = state.withLock { state -> Found in
            if let failure = state.failure { return .failed(failure) }
            if let known = state.commands[request.id]?.command {
                return known.request == request ? .known(known) : .failed(.execConflict(request.id))
            }
            state.nextNumber += 1
            let command = RemoteCommand(request: request, token: state.nextNumber) { [weak self] in self?.send($0) }
            if state.commands.count > 64 { state.commands = state.commands.filter { $0.value.command != nil } }
            state.commands[request.id] = WeakCommand(command: command)
            return .new(command)
        }
        switch found {
        case .failed(let error):
            throw error
        case .known(let command):
            return command
        case .new(let command):
            transmit(frame)
            send(
                .attach(
                    request.id, token: command.token, stdoutOffset: 0, stderrOffset: 0, window: RemoteCommand.window))
            return command
        }
    }

    /// A file operation and its answer; the parts of a listing come as one.
    func perform(_ operation: FileRequest) async throws -> FileReply {
        try await perform([operation])
    }

    /// Operations that belong together (the parts of a file) under one number, each after the answer to the one before.
    func perform(_ operations: some Sequence<FileRequest>) async throws -> FileReply {
        let number = state.withLock { state in
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        var last = FileReply.done
        for operation in operations {
            last = try await withCheckedThrowingContinuation { continuation in
                let failure = state.withLock { state -> SandboxError? in
                    if state.failure == nil { state.replies[number] = PendingReply(continuation: continuation) }
                    return state.failure
                }
                if let failure { return continuation.resume(throwing: failure) }
                send(.file(number, operation))
            }
            if case .failure = last { return last }
        }
        return last
    }

    /// Hands one event on. Throws when the supervisor breaks the protocol: then the sandbox cannot be trusted any more.
    func receive(_ event: SupervisorEvent) throws(ProtocolError) {
        switch event {
        case .welcome(let version):
            guard version == ProtocolLimits.version else { throw .versionMismatch(version) }
            let greeting = state.withLock { $0.greeting.take() }
            guard let greeting else { throw .invalidValue("welcome") }
            greeting()
        case .accepted(let id):
            command(id)?.accept(.success(()))
        case .refused(let id, let refusal):
            refuse(id, refusal)
        case .output(let id, let token, let stream, let offset, let bytes):
            guard command(id)?.receive(stream, token: token, offset: offset, bytes: bytes) ?? true else {
                throw .invalidValue("output")
            }
        case .exited(let id, let record):
            command(id)?.finish(ExecResult(record), stdoutKept: record.stdoutKept, stderrKept: record.stderrKept)
        case .file(let number, let reply):
            try receive(reply, number: number)
        case .failed:
            // The driver reports it with the end of the stream.
            break
        }
    }

    private func command(_ id: ExecID) -> RemoteCommand? {
        state.withLock { $0.commands[id]?.command }
    }

    private func refuse(_ id: ExecID, _ refusal: SupervisorEvent.Refusal) {
        let error: SandboxError =
            switch refusal {
            case .conflict: .execConflict(id)
            case .tooManyRunning: .tooManyCommands
            case .unknownID, .journal: .journalUnavailable
            }
        // Refused after it was accepted: its output cannot be read.
        command(id)?.accept(.failure(error))
        command(id)?.endOutput()
    }

    private func receive(_ reply: FileReply, number: UInt64) throws(ProtocolError) {
        enum Step {
            case wait
            case unknown
            case resume(CheckedContinuation<FileReply, any Error>, FileReply)
        }
        let step = state.withLock { state -> Step in
            guard var pending = state.replies[number] else { return .unknown }
            guard case .entries(let entries, let isLast, let isTruncated) = reply else {
                state.replies[number] = nil
                return .resume(pending.continuation, reply)
            }
            guard pending.entries.count + entries.count <= ProtocolLimits.maximumEntries else { return .unknown }
            pending.entries += entries
            guard isLast else {
                state.replies[number] = pending
                return .wait
            }
            state.replies[number] = nil
            return .resume(pending.continuation, .entries(pending.entries, isLast: true, isTruncated: isTruncated))
        }
        switch step {
        case .wait: break
        case .unknown: throw .invalidValue("reply")
        case .resume(let continuation, let reply): continuation.resume(returning: reply)
        }
    }

    /// The stream has ended: nothing that is under way will be answered.
    func fail(_ error: SandboxError) {
        let (commands, replies) = state.withLock { state in
            if state.failure == nil { state.failure = error }
            defer {
                state.commands = [:]
                state.replies = [:]
                state.greeting = nil
            }
            return (state.commands.values.compactMap(\.command), Array(state.replies.values))
        }
        for reply in replies { reply.continuation.resume(throwing: error) }
        for command in commands {
            command.accept(.failure(error))
            let result = recover(command.id).map(ExecResult.init) ?? ExecResult(outcome: .lost(error.description))
            command.finish(result, stdoutKept: .max, stderrKept: .max)
            command.endOutput()
        }
    }
}
