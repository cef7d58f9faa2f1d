import AgentProtocol
import ArgumentParser
import JSON
import LanguageServer

struct UndoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Take back the newest apply, of this command or of an editor.",
        discussion: """
            Files are put back as they were before; what was changed in them since is kept, or stands between conflict \
            markers. Given again, it takes back the apply before that one. What was taken back can be applied again.
            """)

    @Argument(
        help: "The session, or the beginning of its name; default whichever was applied last in this folder.")
    var session: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await ServiceSession.with { service in
            let summary = session == nil ? nil : try await service.resolve(session)
            let folder = try summary?.workspaceFolder ?? WorkingFolder.current()
            guard let outcome = await ApplyCommand.disk(service).undo(summary?.sessionId, in: folder) else {
                throw ValidationError("nothing was applied to \(folder) that could be undone")
            }
            report(outcome)
            if !outcome.conflicts.isEmpty { throw ExitCode(ExitStatus.conflicts) }
        }
    }

    private func report(_ outcome: ResultOnDisk.Outcome) {
        if json {
            let result = AgentUndo.Result(
                sessionId: outcome.sessionId, undone: outcome.applied, conflicts: outcome.conflicts,
                left: outcome.left)
            if let text = try? JSONCoder.encode(["undo": try JSONCoder.encode(result)]).text { Terminal.line(text) }
            return
        }
        ApplyCommand.report(outcome, verb: "undone")
        if outcome.left > 0 { Terminal.line("\(outcome.left) earlier can be undone") }
    }
}
