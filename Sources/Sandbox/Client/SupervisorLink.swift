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
        var request: FileRequest
        var entries: [FileReply.Entry] = []
    }

    private struct State {
        /// Handles by command, the newest last; that one alone gets output.
        var commands: [ExecID: [WeakCommand]] = [:]
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

    /// Whether the supervisor owes anything: the end of a command, or an answer.
    var isOwed: Bool {
        state.withLock { state in
            state.greeting != nil || !state.replies.isEmpty
                || state.commands.values.contains { $0.contains { $0.command.map { !$0.hasEnded } ?? false } }
        }
    }

    /// Begins it anew on another connection and asks for everything that is still to come, as far as it got.
    ///
    /// `reopen` puts the connection in place with its first frame; what was sent on the old one may be lost. Operations on
    /// files that cannot be repeated safely fail.
    func resume(_ reopen: (_ first: [UInt8]) -> Void) {
        let failed = state.withLock { state -> [PendingReply] in
            let handles = state.commands.values.map { $0.compactMap(\.command) }
            for command in handles.joined() { command.suspend() }
            state.greeting = {}
            reopen(SupervisorRequest.hello(version: ProtocolLimits.version).encoded())
            for command in handles.compactMap(\.last) {
                state.nextNumber += 1
                for frame in command.reattach(token: state.nextNumber) { transmit(frame) }
            }
            let lost = state.replies.filter { !$0.value.request.isRepeatable }
            for number in lost.keys { state.replies[number] = nil }
            for (number, pending) in state.replies {
                state.replies[number]?.entries = []
                send(.file(number, pending.request))
            }
            return Array(lost.values)
        }
        let error = SandboxError.fileOperation(
            path: "", errno: 0, message: "the connection to the sandbox was interrupted; look before trying again")
        for reply in failed { reply.continuation.resume(throwing: error) }
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
            let handles = (state.commands[request.id] ?? []).compactMap(\.command)
            if let known = handles.last(where: { $0.request != nil }) {
                if known.request != request { return .failed(.execConflict(request.id)) }
                // One that was read to its end has nothing more to give: the journal has.
                if !known.outputHasEnded { return .known(known) }
            }
            state.nextNumber += 1
            let command = RemoteCommand(request: request, frame: frame, token: state.nextNumber) { [weak self] in
                self?.send($0)
            }
            handles.last?.endOutput()
            Self.add(command, &state)
            // Within the lock: a new connection must get each of them once, in this order.
            transmit(frame)
            sendAttach(command, stdoutOffset: 0, stderrOffset: 0, state.nextNumber)
            return .new(command)
        }
        switch found {
        case .failed(let error):
            throw error
        case .known(let command):
            return command
        case .new(let command):
            return command
        }
    }

    /// A further handle for a command that was accepted earlier.
    func attach(_ id: ExecID, stdoutOffset: Int, stderrOffset: Int) throws(SandboxError) -> RemoteCommand {
        let found = state.withLock { state -> Result<RemoteCommand, SandboxError> in
            if let failure = state.failure { return .failure(failure) }
            state.nextNumber += 1
            let command = RemoteCommand(
                id: id, stdoutOffset: stdoutOffset, stderrOffset: stderrOffset, token: state.nextNumber
            ) { [weak self] in self?.send($0) }
            state.commands[id]?.last?.command?.endOutput()
            Self.add(command, &state)
            sendAttach(command, stdoutOffset: stdoutOffset, stderrOffset: stderrOffset, state.nextNumber)
            return .success(command)
        }
        return try found.get()
    }

    private static func add(_ command: RemoteCommand, _ state: inout State) {
        if state.commands.count > 64 {
            state.commands = state.commands.filter { $0.value.contains { $0.command != nil } }
        }
        let handles = (state.commands[command.id] ?? []).filter { $0.command != nil }
        state.commands[command.id] = handles + [WeakCommand(command: command)]
    }

    private func sendAttach(_ command: RemoteCommand, stdoutOffset: Int, stderrOffset: Int, _ token: UInt64) {
        send(
            .attach(
                command.id, token: token, stdoutOffset: stdoutOffset, stderrOffset: stderrOffset,
                window: RemoteCommand.window))
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
                    guard state.failure == nil else { return state.failure }
                    state.replies[number] = PendingReply(continuation: continuation, request: operation)
                    send(.file(number, operation))
                    return nil
                }
                if let failure { continuation.resume(throwing: failure) }
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
            for command in commands(id) { command.accept(.success(())) }
        case .refused(let id, let refusal):
            refuse(id, refusal)
        case .output(let id, let token, let stream, let offset, let bytes):
            guard commands(id).last?.receive(stream, token: token, offset: offset, bytes: bytes) ?? true else {
                throw .invalidValue("output")
            }
        case .exited(let id, let record):
            for command in commands(id) {
                command.finish(ExecResult(record), stdoutKept: record.stdoutKept, stderrKept: record.stderrKept)
            }
        case .file(let number, let reply):
            try receive(reply, number: number)
        case .attached(let id, let token, let input):
            commands(id).last?.attached(token: token, input)
        case .input(let id, let input):
            commands(id).last?.updateInput(input)
        case .failed, .replaced, .pong:
            // The driver reports it with the end of the stream.
            break
        }
    }

    private func commands(_ id: ExecID) -> [RemoteCommand] {
        state.withLock { ($0.commands[id] ?? []).compactMap(\.command) }
    }

    /// Ends every command that is not known to have ended, on behalf of a limit.
    func endCommands(limit: String) async {
        let known = state.withLock { state in state.commands.mapValues { $0.compactMap(\.command) } }
        for (id, handles) in known {
            if let command = handles.last {
                if !command.hasEnded { await command.kill(by: .limit(limit)) }
            } else {
                send(.kill(id, graceMilliseconds: 0, limit: limit))
            }
        }
    }

    private func refuse(_ id: ExecID, _ refusal: SupervisorEvent.Refusal) {
        let error: SandboxError =
            switch refusal {
            case .conflict: .execConflict(id)
            case .tooManyRunning: .tooManyCommands
            case .unknownID: .unknownCommand(id)
            case .journal: .journalUnavailable
            }
        for command in commands(id) { command.refuse(error) }
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
            return (state.commands.values.joined().compactMap(\.command), Array(state.replies.values))
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
