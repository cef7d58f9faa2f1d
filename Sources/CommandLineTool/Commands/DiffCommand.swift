import AgentProtocol
import ArgumentParser

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print what a session changed, as a patch that git apply takes.")

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Option(name: .shortAndLong, help: "Only this file; may be given several times.")
    var path: [String] = []
    @Option(help: "Only what this step changed; `cofferdam log` has the numbers.")
    var step: Int?
    @Option(help: "Against this step instead of what the session started from.")
    var from: Int?
    @Flag(help: "Only how many lines of each file changed.")
    var stat = false
    @Flag(help: "Only the names of the files.")
    var nameOnly = false
    @Option(help: "Colours: auto, always or never.")
    var color = ColourChoice.auto

    func validate() throws {
        if stat, nameOnly { throw ValidationError("--stat or --name-only, not both") }
    }

    func run() async throws {
        try await ServiceSession.with { service in
            let summary = try await service.resolve(session)
            let diff = try await service.client.call(
                AgentDiff.self,
                AgentDiff.Params(
                    sessionId: summary.sessionId, paths: path.isEmpty ? nil : path, step: step, from: from))
            for name in path where !diff.files.contains(where: { $0.path == name }) {
                Terminal.error("cofferdam: the session did not change \(Terminal.name(name))")
            }
            show(diff)
        }
    }

    private func show(_ diff: AgentDiff.Result) {
        let text = DiffText(isColoured: color.isOn)
        if nameOnly {
            for file in diff.files { Terminal.line(Terminal.name(file.path)) }
        } else if stat {
            Terminal.out(text.statistics(diff.files))
        } else {
            for file in diff.files where file.binary {
                Terminal.error("binary file \(Terminal.name(file.path)) \(file.change.rawValue)")
            }
            // Another program gets the patch byte by byte.
            Terminal.out(Terminal.outputIsTerminal || text.isColoured ? text.patch(diff.patch) : diff.patch)
        }
    }
}
