import AgentProtocol
import ArgumentParser
import JSON

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "List the commits of a session's steps, the newest first.",
        discussion: """
            Each step that changed files is a commit; refs/cofferdam/SESSION in your repository has them, so that git log, \
            git show and git cherry-pick work on them. * marks where the session is.
            """)

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await ServiceSession.with { service in
            let summary = try await service.resolve(session)
            let steps = try await service.client.call(AgentSteps.self, AgentSteps.Params(sessionId: summary.sessionId))
            if json { return Terminal.line(try JSONCoder.encode(steps).text) }
            for commit in steps.commits.reversed() {
                let mark = commit.commit == steps.tip ? "*" : " "
                let step = commit.step.map { "step \($0)" } ?? "start"
                let files = commit.files == 1 ? "1 file" : "\(commit.files) files"
                Terminal.line(
                    "\(mark) \(Terminal.harmless(String(commit.commit.prefix(10)))) \(step): \(files), "
                        + Terminal.harmless(commit.subject))
            }
        }
    }
}
