import AgentProtocol
import ArgumentParser
import ServiceClient

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Start a session on a folder and follow it to the end of its turn.")

    enum ApplyChoice: String, ExpressibleByArgument, CaseIterable {
        case verified, always, never
    }

    @Argument(help: "What to do, in plain words.")
    var prompt: String
    @Option(name: .shortAndLong, help: "The folder to work on.")
    var folder = "."
    @Option(help: "Work on a remote repository instead of a folder: its address.")
    var repository: String?
    @Option(help: "With --repository: branch, tag or commit; without it the default branch.")
    var ref: String?
    @Option(help: "A picture that belongs to the prompt (PNG, JPEG, GIF, WebP); may be given several times.")
    var image: [String] = []
    @Option(help: "Model or role of the service's configuration.")
    var model: String?
    @Option(
        help:
            "When to write the result into the folder: \(ApplyChoice.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var apply = ApplyChoice.verified
    @Flag(help: "Look only and answer with a plan.")
    var plan = false
    @Flag(help: "Print every event as a line of JSON.")
    var json = false
    @Flag(help: "Allow every action that policy asks about.")
    var yes = false
    @Flag(help: "Keep the session for further prompts.")
    var keep = false
    @Option(help: "Most model answers.")
    var maxSteps: Int?
    @Option(help: "Most tokens.")
    var maxTokens: Int?
    @Option(help: "Most seconds of work; time in which you are asked does not count.")
    var maxSeconds: Int?
    @Option(help: "Most dollars, as far as the models have prices.")
    var maxDollars: Double?
    @Option(help: ArgumentHelp("Record what models are asked and answer, for `cofferdam replay`.", valueName: "file"))
    var record: String?
    @Option(help: "Start or find the session of this name, so that a script can try again.")
    var idempotencyKey: String?

    /// Most dollars that a budget can name.
    private static let mostDollars = 1_000_000_000.0

    func validate() throws {
        guard maxDollars.map({ (0.000_001...Self.mostDollars).contains($0) }) ?? true else {
            throw ValidationError("--max-dollars takes an amount such as 2.5")
        }
        guard ref == nil || repository != nil else { throw ValidationError("--ref needs --repository") }
        guard repository == nil || apply != .always else {
            throw ValidationError("a result on a remote repository is not applied here; see `cofferdam publish`")
        }
    }

    func run() async throws {
        let asks = Terminal.inputIsTerminal && !json && !yes
        let status = try await ServiceSession.with(asks: asks) { session in
            let images = try PictureFile.read(image)
            let remote = repository.map { RepositoryReference(remote: $0, ref: ref) }
            let folder = remote == nil ? try WorkingFolder.absolute(folder) : nil
            let started = try await session.client.call(
                AgentStart.self,
                AgentStart.Params(
                    prompt: prompt, workspaceFolder: folder, repository: remote, images: images,
                    model: model, mode: plan ? .plan : nil,
                    budgets: Budgets(
                        maxSteps: maxSteps, maxTokens: maxTokens, maxSeconds: maxSeconds,
                        maxCostMicros: maxDollars.map { Int(($0 * 1_000_000).rounded()) }),
                    idempotencyKey: idempotencyKey, record: record == nil ? nil : true))
            if !json {
                Terminal.line(
                    Terminal.styled(
                        "session \(started.sessionId) on \(Terminal.harmless(folder ?? repository ?? ""))", .bold))
            }
            _ = try await session.client.attach(started.sessionId, afterSeq: 0)
            let follower = SessionFollower(
                session: session, sessionId: started.sessionId, json: json, folder: folder, approvesAll: yes)
            let end = await follower.follow(untilTurnAfter: 0)
            if let record { try await RecordCommand.write(started.sessionId, to: record, session) }
            return try await finish(end, started.sessionId, session)
        }
        throw ExitCode(status)
    }

    private func finish(_ end: SessionFollower.End, _ id: String, _ session: ServiceSession) async throws -> Int32 {
        let status = SessionFollower.status(of: end)
        guard case .turn(let turn) = end else { return status }
        let wanted = apply == .always || (apply == .verified && turn.outcome == .verified)
        var isDone = turn.changedFiles.isEmpty
        if !turn.changedFiles.isEmpty, repository != nil {
            if !json { Terminal.line("see `cofferdam diff \(id)`, then `cofferdam publish \(id)`") }
            return status
        }
        if !turn.changedFiles.isEmpty, wanted {
            let summary = try await session.resolve(id)
            let result = try await ApplyCommand.disk(session).apply(id, to: summary.workspaceFolder, .init())
            ApplyCommand.report(result, json: json)
            isDone = result.conflicts.isEmpty
        } else if !turn.changedFiles.isEmpty, !json {
            Terminal.line("not applied; see `cofferdam diff \(id)`, then `cofferdam apply \(id)`")
        }
        if isDone && !keep {
            _ = try await session.client.call(AgentStop.self, SessionReference(sessionId: id))
        }
        return !isDone && wanted ? ExitStatus.conflicts : status
    }
}
