import AgentProtocol
import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract:
            "Push what a session changed as a branch, with a pull or merge request; or write a bundle or patches.",
        discussion: """
            Where it may go is said by `remotes` in the service's file. Once more after further steps it brings the same \
            branch and request up to date.
            """)

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Option(help: ArgumentHelp("Where to push; default the folder's own remote.", valueName: "address"))
    var remote: String?
    @Option(help: ArgumentHelp("The branch that the changes are for.", valueName: "branch"))
    var base: String?
    @Option(help: ArgumentHelp("The branch that is pushed.", valueName: "name"))
    var branch: String?
    @Option(help: "Title of the pull or merge request and of the commit.")
    var title: String?
    @Option(help: ArgumentHelp("What stands first in the pull or merge request.", valueName: "text"))
    var body: String?
    @Option(name: .customLong("reviewer"), help: "Somebody to look at it; may be given more than once.")
    var reviewers: [String] = []
    @Option(name: .customLong("label"), help: "A label; may be given more than once.")
    var labels: [String] = []
    @Flag(help: "Ready for review, not a draft.")
    var ready = false
    @Flag(help: "Only the branch, without a pull or merge request.")
    var branchOnly = false
    @Option(help: ArgumentHelp("Write a bundle for `git fetch` instead.", valueName: "file"))
    var bundle: String?
    @Option(help: ArgumentHelp("Write patches for `git am` instead.", valueName: "file"))
    var patches: String?
    @Flag(help: "Approve what must be approved: results that are not verified, sensitive files.")
    var yes = false

    func validate() throws {
        guard [bundle != nil, patches != nil, branchOnly].filter(\.self).count <= 1 else {
            throw ValidationError("--bundle, --patches and --branch-only exclude each other")
        }
    }

    private var kind: PublishKind {
        if bundle != nil { return .bundle }
        if patches != nil { return .patch }
        return branchOnly ? .branch : .changeRequest
    }

    func run() async throws {
        try await ServiceSession.with { service in
            let id = try await service.resolve(session).sessionId
            var params = AgentPublish.Params(
                sessionId: id, kind: kind, remote: remote, base: base, branch: branch, title: title, body: body,
                draft: ready ? false : nil, reviewers: reviewers.isEmpty ? nil : reviewers,
                labels: labels.isEmpty ? nil : labels)
            var result = try await service.client.call(AgentPublish.self, params)
            if let needed = result.needsApproval {
                try await Self.confirm(needed, yes)
                params.approved = needed
                result = try await service.client.call(AgentPublish.self, params)
            }
            try report(result)
        }
    }

    /// - Throws: `ValidationError` when the user does not approve.
    private static func confirm(_ needed: [String], _ yes: Bool) async throws {
        for name in needed {
            if name == "unverified" {
                Terminal.line("The result is not verified by checks.")
            } else if name.hasPrefix("path:") {
                Terminal.line("It changes \(Terminal.harmless(String(name.dropFirst("path:".count)))).")
            } else {
                Terminal.line("It needs your word: \(Terminal.harmless(name)).")
            }
        }
        if yes { return }
        guard Terminal.inputIsTerminal else { throw ValidationError("approve it with --yes") }
        Terminal.out(Terminal.styled("Publish it? [y]es, [n]o: ", .bold))
        guard ["y", "yes"].contains(try await InputLines.shared.next()?.lowercased()) else {
            throw ValidationError("nothing was published")
        }
    }

    private func report(_ result: AgentPublish.Result) throws {
        if let data = result.data, let file = bundle ?? patches {
            guard let bytes = Base64.decode(data) else { throw ValidationError("the service sent no base64") }
            try Self.write(bytes, to: file)
            Terminal.line("wrote \(file)")
        }
        if let remote = result.remote, let branch = result.branch {
            let commit = result.commit.map { " at \($0.prefix(10))" } ?? ""
            Terminal.line(Terminal.harmless("pushed \(branch)\(commit) to \(remote)"))
        }
        if let url = result.url { Terminal.line(Terminal.harmless(url)) }
        for note in result.notes ?? [] { Terminal.error(Terminal.harmless("note: \(note)")) }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = fopen(path, "wb")
        let isWritten = file.map { fwrite(bytes, 1, bytes.count, $0) == bytes.count && fflush($0) == 0 } ?? false
        let reason = String(cString: strerror(errno))
        if let file { fclose(file) }
        guard isWritten else { throw ValidationError("cannot write \(path): \(reason)") }
    }
}
