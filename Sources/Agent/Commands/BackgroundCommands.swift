import AgentProtocol
import Sandbox
import Store

/// Commands that the model left running: what they print goes into the log like that of any command, and the model reads
/// it when it wants to.
///
/// They outlive the turn that started them, unless it is cancelled, and end with the session.
actor BackgroundCommands {
    private final class Command {
        var kept: KeptBackground
        let handle: any ExecHandle
        /// What was printed since the model read last.
        var unread: (stdout: HeadTailBuffer, stderr: HeadTailBuffer)
        /// Bytes that were printed so far.
        var printed = KeptOutput()
        var reader: Task<Void, Never>?

        init(_ kept: KeptBackground, _ handle: any ExecHandle, limit: Int) {
            self.kept = kept
            self.handle = handle
            unread = (HeadTailBuffer(limit: limit), HeadTailBuffer(limit: limit))
        }
    }

    private let runner: CommandRunner
    private let changes: ChangeTracker
    private var commands: [Int: Command] = [:]
    /// Those of a former service, until they are read on.
    private var recalled: [KeptBackground] = []
    private var starting = 0
    private var last = 0
    private var turn = 0

    init(runner: CommandRunner, changes: ChangeTracker) {
        self.runner = runner
        self.changes = changes
    }

    static func name(_ number: Int) -> String { "command-\(number)" }

    // MARK: For tools

    /// Starts a command and returns at once.
    /// - Returns: its number; ``name(_:)`` is what the model calls it.
    func start(_ request: ExecRequest, itemId: String, title: String) async throws -> Int {
        let known = commands.values.first { $0.kept.itemId == itemId }
        // The call is made again because the service ended before its result was kept.
        if let known { return known.kept.number }
        let running = commands.values.count { $0.kept.result == nil }
        guard running + starting < runner.limits.backgroundCommands else {
            throw ToolFailure(
                "There are \(runner.limits.backgroundCommands) commands in the background, which is the limit. "
                    + "Stop one with command_stop.")
        }
        // Calls of one answer are made side by side: one that is being started counts already.
        starting += 1
        defer { starting -= 1 }
        last += 1
        var request = request
        request.outputLimit = runner.limits.commandOutputBytes
        let kept = KeptBackground(
            number: last, itemId: itemId, execId: request.id.description, title: title,
            isTerminal: request.terminal != nil, addedBefore: try await changes.addedPaths().sorted(), turn: turn)
        try await keep(kept)
        do {
            let handle = try await runner.sandbox.exec(request)
            let command = Command(kept, handle, limit: runner.limits.toolOutputBytes)
            commands[kept.number] = command
            read(command, KeptOutput())
            return kept.number
        } catch {
            try await runner.log.keep([.gone(KeptKey.background(kept.number))])
            throw error
        }
    }

    /// What a command printed since it was read last.
    struct Reading: Sendable {
        var title: String
        var stdout: String
        var stderr: String
        /// Nil while it runs.
        var result: CommandResult?
        /// To be kept when the model is told.
        var keeping: KeptChange
    }

    /// - Parameter patience: how long to wait for output or the end where there is neither.
    func output(_ number: Int, patience: Duration) async throws -> Reading {
        let command = try find(number)
        let end = ContinuousClock.now + patience
        while command.unread.stdout.total + command.unread.stderr.total == 0, command.kept.result == nil,
            .now < end
        {
            try await Task.sleep(for: .milliseconds(20))
        }
        let unread = command.unread
        let limit = runner.limits.toolOutputBytes
        command.unread = (HeadTailBuffer(limit: limit), HeadTailBuffer(limit: limit))
        command.kept.read = command.printed
        return Reading(
            title: command.kept.title, stdout: unread.stdout.text, stderr: unread.stderr.text,
            result: command.kept.result,
            keeping: try .value(KeptKey.background(number), command.kept))
    }

    func input(_ number: Int, _ bytes: [UInt8], closes: Bool) async throws {
        let command = try find(number)
        guard command.kept.result == nil else { throw ToolFailure("\(Self.name(number)) has ended.") }
        do {
            if !bytes.isEmpty { try await command.handle.write(bytes) }
        } catch SandboxError.inputClosed {
            throw ToolFailure("\(Self.name(number)) reads no input any more.")
        }
        if closes { await command.handle.closeInput() }
    }

    /// Ends a command; returns once it has ended.
    func stop(_ number: Int) async throws -> CommandResult {
        let command = try find(number)
        if let result = command.kept.result { return result }
        await command.handle.cancel()
        await command.reader?.value
        return command.kept.result ?? CommandResult(lost: "its end is not known")
    }

    private func find(_ number: Int) throws -> Command {
        if let command = commands[number] { return command }
        let names = commands.keys.sorted().map(Self.name).joined(separator: ", ")
        throw ToolFailure(
            "There is no \(Self.name(number)); " + (names.isEmpty ? "none was started." : "there are: \(names)."))
    }

    // MARK: For the session

    /// What starts from now on belongs to this turn.
    func beginTurn(_ number: Int) { turn = number }

    /// Whether a command runs, which may change files at any time.
    var isRunning: Bool { commands.values.contains { $0.kept.result == nil } }

    /// Ends what runs, or what a turn started of it.
    func endAll(ofTurn turn: Int? = nil) async {
        let running = commands.values.filter { $0.kept.result == nil && (turn == nil || $0.kept.turn == turn) }
        for command in running { await command.handle.cancel() }
        for command in running { await command.reader?.value }
    }

    /// - Returns: the items of commands that a former service started and that had not ended for it.
    func recall() -> [String] {
        for number in runner.resumption.numbers("background/") {
            last = max(last, number)
            guard let kept: KeptBackground = runner.resumption.take(KeptKey.background(number)) else { continue }
            recalled.append(kept)
        }
        return recalled.filter { $0.result == nil }.map(\.itemId)
    }

    /// Reads on what a former service started.
    func goOn() async throws {
        let all = recalled
        recalled = []
        for kept in all {
            let logged = runner.resumption.take(KeptKey.output(kept.itemId)) ?? KeptOutput()
            do {
                guard let id = ExecID(kept.execId) else { throw SandboxError.lost("its name is damaged") }
                // From where both the log and the model have everything before.
                let handle = try await runner.sandbox.attach(
                    id, stdoutOffset: min(logged.stdout, kept.read.stdout),
                    stderrOffset: min(logged.stderr, kept.read.stderr))
                let command = Command(kept, handle, limit: runner.limits.toolOutputBytes)
                commands[kept.number] = command
                read(command, logged)
            } catch SandboxError.unknownCommand {
                // The service ended between the intent and the deed; the call is made again.
                try await runner.log.keep([.gone(KeptKey.background(kept.number))])
            } catch let error as SandboxError {
                if kept.result == nil { try await ended(kept, CommandResult(lost: "\(error)")) }
            }
        }
    }

    private func keep(_ kept: KeptBackground) async throws {
        try await runner.log.keep([.value(KeptKey.background(kept.number), kept)])
    }

    private func read(_ command: Command, _ logged: KeptOutput) {
        command.reader = Task { await self.follow(command, logged) }
    }

    private func follow(_ command: Command, _ logged: KeptOutput) async {
        var logger = OutputLogger(itemId: command.kept.itemId, log: runner.log, logged: logged)
        do {
            for await chunk in command.handle.output.masking(runner.secrets) {
                take(chunk, command)
                try await logger.take(chunk)
            }
            try await logger.finish()
            let result = CommandResult(try await command.handle.result())
            guard command.kept.result == nil else { return }
            try? await changes.commandEnded(addedBefore: Set(command.kept.addedBefore))
            // First here: what is kept of a reading must not say that it still runs.
            command.kept.result = result
            try await ended(command.kept, result)
        } catch {
            // The log cannot be written: nothing may run on unrecorded.
            await command.handle.cancel()
            if command.kept.result == nil { command.kept.result = CommandResult(lost: "\(error)") }
        }
    }

    private func take(_ chunk: OutputChunk, _ command: Command) {
        let read = chunk.stream == .stdout ? command.kept.read.stdout : command.kept.read.stderr
        let new = Array(chunk.bytes.dropFirst(max(0, read - chunk.offset)))
        let end = chunk.offset + chunk.bytes.count
        switch chunk.stream {
        case .stdout:
            command.unread.stdout.append(new)
            command.printed.stdout = end
        case .stderr:
            command.unread.stderr.append(new)
            command.printed.stderr = end
        }
    }

    private func ended(_ kept: KeptBackground, _ result: CommandResult) async throws {
        var known = kept
        known.result = result
        try await runner.log.append(
            .commandEnded(CommandEnded(itemId: kept.itemId, commandId: Self.name(kept.number), command: result)),
            keeping: [.value(KeptKey.background(kept.number), known)])
    }
}
