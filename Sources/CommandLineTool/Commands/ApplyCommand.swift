import AgentProtocol
import ArgumentParser
import JSON
import ServiceClient

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Write a session's result into its folder.",
        discussion:
            "A file that was changed here since the session began is merged. Where both changed the same lines they stand between conflict markers, and the exit code is 6."
    )

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Option(name: .shortAndLong, help: "Only this file; may be given several times.")
    var path: [String] = []
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await ServiceSession.with { service in
            let summary = try await service.resolve(session)
            if let repository = summary.repository {
                throw ValidationError(
                    "the session works on \(Terminal.harmless(repository.remote)), not on a folder; see `cofferdam publish` and `cofferdam diff`"
                )
            }
            let result = try await DiskApplier(client: service.client).apply(summary, paths: path.isEmpty ? nil : path)
            Self.report(result, json: json)
            if !result.conflicts.isEmpty { throw ExitCode(ExitStatus.conflicts) }
        }
    }

    static func report(_ result: AgentApply.Result, json: Bool) {
        if json {
            if let text = try? JSONCoder.encode(["apply": try JSONCoder.encode(result)]).text { Terminal.line(text) }
            return
        }
        if result.applied.isEmpty, result.conflicts.isEmpty { Terminal.line("nothing to apply") }
        for path in result.applied { Terminal.line("applied \(Terminal.harmless(path))") }
        for conflict in result.conflicts {
            Terminal.error("conflict \(Terminal.harmless(conflict.path)): \(Terminal.harmless(conflict.reason))")
        }
    }
}
