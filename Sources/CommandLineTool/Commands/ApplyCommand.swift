import AgentProtocol
import ArgumentParser
import JSON
import LanguageServer
import ServiceClient

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Write a session's result, or parts of it, into its folder.",
        discussion: """
            A file that was changed here since is merged. Where both changed the same lines they stand between conflict \
            markers, and the exit code is 6. `cofferdam undo` takes it back.
            """)

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Option(name: .shortAndLong, help: "Only this file; may be given several times.")
    var path: [String] = []
    @Option(
        help: ArgumentHelp(
            "Only these hunks of a file, counted from 1 as `cofferdam diff` shows them; may be given several times.",
            valueName: "path:n,m"))
    var hunk: [String] = []
    @Flag(name: .shortAndLong, help: "Show each hunk and ask whether it is to be applied.")
    var interactive = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if interactive, json { throw ValidationError("--interactive asks in words: leave --json out") }
        if interactive, !hunk.isEmpty { throw ValidationError("--interactive asks for each hunk: name none") }
        for text in hunk { _ = try HunkNumbers(text) }
    }

    func run() async throws {
        try await ServiceSession.with { service in
            let summary = try await service.resolve(session)
            if let repository = summary.repository {
                throw ValidationError(
                    "the session works on \(Terminal.harmless(repository.remote)), not on a folder; see `cofferdam publish` and `cofferdam diff`"
                )
            }
            guard let wish = try await wish(summary.sessionId, service) else {
                Terminal.line("nothing is applied")
                return
            }
            let outcome = try await ApplyCommand.disk(service).apply(
                summary.sessionId, to: summary.workspaceFolder, wish)
            Self.report(outcome, json: json)
            if !outcome.conflicts.isEmpty { throw ExitCode(ExitStatus.conflicts) }
        }
    }

    /// Nil when the user wants nothing of it.
    private func wish(_ id: String, _ service: ServiceSession) async throws -> ResultOnDisk.Wish? {
        guard interactive || !hunk.isEmpty else { return .init(paths: path.isEmpty ? nil : path) }
        let numbers = try hunk.map { try HunkNumbers($0) }
        let paths = path + numbers.map(\.path)
        let diff = try await service.client.call(
            AgentDiff.self, .init(sessionId: id, paths: paths.isEmpty ? nil : paths, includeContents: true))
        if interactive { return try await HunkDialogue(diff).wish() }
        return .init(paths: path, hunks: try numbers.map { try $0.choice(of: diff.files) }, diff: diff)
    }

    static func disk(_ service: ServiceSession) -> ResultOnDisk {
        ResultOnDisk(service: service.client, stateDirectory: ProcessEnvironment.stateDirectory)
    }

    static func report(_ outcome: ResultOnDisk.Outcome, json: Bool) {
        if json {
            let result = AgentApply.Result(applied: outcome.applied, conflicts: outcome.conflicts)
            if let text = try? JSONCoder.encode(["apply": try JSONCoder.encode(result)]).text { Terminal.line(text) }
            return
        }
        if outcome.applied.isEmpty, outcome.conflicts.isEmpty { Terminal.line("nothing to apply") }
        report(outcome, verb: "applied")
    }

    /// One line for each file.
    static func report(_ outcome: ResultOnDisk.Outcome, verb: String) {
        for path in outcome.applied { Terminal.line("\(verb) \(Terminal.name(path))") }
        for conflict in outcome.conflicts {
            Terminal.error("conflict \(Terminal.name(conflict.path)): \(Terminal.harmless(conflict.reason))")
        }
        if let trouble = outcome.trouble {
            Terminal.error("this cannot be undone later: \(Terminal.harmless(trouble))")
        }
    }
}
