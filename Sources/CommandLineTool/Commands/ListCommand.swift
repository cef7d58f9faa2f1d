import AgentProtocol
import ArgumentParser
import JSON

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List sessions, newest first.")

    @Flag(name: .shortAndLong, help: "Of every folder, not only this one.")
    var all = false
    @Option(help: "How many.")
    var limit = 20
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await ServiceSession.with { service in
            let folder = all ? nil : try WorkingFolder.current()
            let list = try await service.client.call(
                AgentList.self, AgentList.Params(workspaceFolder: folder, limit: limit))
            if json { return Terminal.line(try JSONCoder.encode(list).text) }
            if list.sessions.isEmpty { return Terminal.line("no sessions\(all ? "" : " on this folder; try --all")") }
            for session in list.sessions {
                let state =
                    session.queuePosition.map { "\(session.state.rawValue) (\($0))" }
                    ?? session.outcome.map { "\(session.state.rawValue)/\($0.rawValue)" } ?? session.state.rawValue
                let padding = String(repeating: " ", count: max(1, 20 - state.count))
                Terminal.line("\(session.sessionId)  \(state)\(padding)\(Terminal.harmless(session.title))")
                if let repository = session.repository {
                    let ref = repository.ref.map { " \($0)" } ?? ""
                    Terminal.line("              \(Terminal.harmless(repository.remote + ref))")
                } else if all {
                    Terminal.line("              \(Terminal.harmless(session.workspaceFolder))")
                }
                if let parent = session.parent { Terminal.line("              forked from \(parent)") }
                for approval in session.pendingApprovals {
                    Terminal.line("              waits: \(Terminal.harmless(approval.title))  (\(approval.approvalId))")
                }
            }
        }
    }
}
