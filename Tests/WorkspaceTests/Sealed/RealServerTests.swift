import Git
import Secrets
import Synchronization
import TestSupport
import Testing

@Suite("The system's git, sealed, against real servers")
struct RealServerTests {
    private let folder: TemporaryFolder
    private let servers: GitServers
    private let name = "r\(UInt64.random(in: 0...UInt64.max))"

    init() throws {
        folder = try TemporaryFolder()
        servers = try GitServers.shared.get()
    }

    private func git(_ arguments: [String]) throws -> String {
        let result = try HostCommand.git(arguments, in: folder.path)
        try #require(result.exitCode == 0, "\(result.errorText)")
        return result.line
    }

    /// A bare repository of three commits, with what trees can have.
    private func makeHistory() throws -> String {
        _ = try git(["init", "-q", "-b", "main", "work"])
        var bytes: [UInt8] = []
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<(1 << 17) { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
        for step in 1...3 {
            try folder.write("work/s\(step)/ä b.txt", "step \(step)\n", mode: step == 2 ? 0o755 : 0o644)
            try folder.write("work/large.bin", bytes.reversed() + [UInt8(step)])
            _ = try HostCommand.run(["ln", "-sfn", "s\(step)", folder.path + "/work/link"])
            _ = try git(["-C", "work", "add", "-A"])
            _ = try git(["-C", "work", "commit", "-q", "-m", "step \(step)"])
        }
        _ = try git(["clone", "-q", "--bare", "work", "local.git"])
        return try git(["--git-dir=local.git", "rev-parse", "main"])
    }

    private func failure(_ arguments: [String], _ access: SealedAccess) async throws -> String {
        do {
            _ = try await SealedGit(repository: folder.path + "/local.git", access: access).run(arguments)
        } catch SealedGitError.failed(_, let text) {
            return text
        }
        Issue.record("it did not fail")
        return ""
    }

    @Test("Push, fetch and clone", arguments: GitServers.Way.allCases)
    func travels(_ way: GitServers.Way) async throws {
        let head = try makeHistory()
        let remote = try servers.makeRepository(name)
        let address = servers.address(name, way)
        let said = Mutex<[String]>([])
        let local = SealedGit(repository: folder.path + "/local.git", access: servers.access(way))
        _ = try await local.run(["push", "--porcelain", "--progress", "--", address, "\(head):refs/heads/main"]) {
            line in
            said.withLock { $0.append(line) }
        }
        #expect(said.withLock { $0.contains { $0.contains("Writing objects") } })
        #expect(try git(["--git-dir=\(remote)", "rev-parse", "main"]) == head)
        _ = try git(["--git-dir=\(remote)", "fsck", "--strict"])

        _ = try Repository.create(bare: folder.path + "/fetched.git")
        let fetched = SealedGit(repository: folder.path + "/fetched.git", access: servers.access(way))
        _ = try await fetched.run(["fetch", "--no-tags", "--", address, "refs/heads/main:refs/heads/main"])
        #expect(try git(["--git-dir=fetched.git", "rev-parse", "main"]) == head)
        #expect(try git(["--git-dir=fetched.git", "rev-list", "--count", "main"]) == "3")
        _ = try git(["--git-dir=fetched.git", "fsck", "--strict"])

        let anywhere = SealedGit(repository: nil, access: servers.access(way))
        _ = try await anywhere.run(["clone", "-q", "--bare", "--", address, folder.path + "/cloned.git"])
        #expect(try git(["--git-dir=cloned.git", "rev-parse", "HEAD"]) == head)
        // What a clone keeps of its origin has no credential.
        let kept = try HostCommand.run(["grep", "-rlE", "\(servers["password"])|Basic ", folder.path])
        #expect(kept.exitCode == 1 && kept.text.isEmpty)
    }

    @Test("A branch that someone else moved stays as it is")
    func moved() async throws {
        let head = try makeHistory()
        _ = try servers.makeRepository(name)
        let address = servers.address(name, .sshKey)
        let git = SealedGit(repository: folder.path + "/local.git", access: servers.access(.sshKey))
        _ = try await git.run(["push", "--", address, "\(head):refs/heads/x"])
        let text = try await failure(["push", "--", address, "\(head)~1:refs/heads/x"], servers.access(.sshKey))
        #expect(text.contains("rejected"), "\(text)")
        let now = try await git.run(["ls-remote", "--", address, "refs/heads/x"])
        #expect(String(decoding: now, as: UTF8.self).hasPrefix(head))
    }

    @Test("A wrong password is told without the password", arguments: [GitServers.Way.http, .https])
    func password(_ way: GitServers.Way) async throws {
        _ = try makeHistory()
        _ = try servers.makeRepository(name)
        var access = servers.access(way)
        access.authorization = SealedAccess.basic(user: "bot", token: SecretString("wrong-4711"))
        let address = servers.address(name, way)
        for arguments in [["ls-remote", "--", address], ["push", "--", address, "main:main"]] {
            let text = try await failure(arguments, access)
            #expect(text.contains("Authentication failed"), "\(text)")
            #expect(!text.contains("wrong-4711") && !text.contains("Basic"), "\(text)")
        }
    }

    @Test("A certificate of an authority that nobody named is refused")
    func certificate() async throws {
        _ = try makeHistory()
        _ = try servers.makeRepository(name)
        var access = servers.access(.https)
        access.authorityFile = nil
        let before = try servers.accessLog().utf8.count
        let text = try await failure(["ls-remote", "--", servers.address(name, .https)], access)
        #expect(text.contains("certificate"), "\(text)")
        #expect(try !servers.accessLog().dropFirst(before).contains(name))
    }

    @Test("A host whose key is unknown or another one is refused; a stranger's key gets nowhere")
    func hostKeys() async throws {
        _ = try makeHistory()
        _ = try servers.makeRepository(name)
        let address = servers.address(name, .sshKey)
        var access = servers.access(.sshKey)
        try folder.write("unknown", "")
        access.ssh?.knownHostsFile = folder.path + "/unknown"
        let unknown = try await failure(["ls-remote", "--", address], access)
        #expect(unknown.contains("Host key verification failed"), "\(unknown)")
        #expect(folder.readText("unknown") == "")

        let host = try HostCommand.run(["cut", "-d ", "-f1", servers["knownHosts"]]).line
        let key = try HostCommand.run(["cut", "-d ", "-f1,2", servers["strangerKey"] + ".pub"]).line
        try folder.write("changed", "\(host) \(key)\n")
        access.ssh?.knownHostsFile = folder.path + "/changed"
        let changed = try await failure(["ls-remote", "--", address], access)
        #expect(changed.contains("Host key verification failed"), "\(changed)")

        access = servers.access(.sshKey)
        access.ssh?.keyFile = servers["strangerKey"]
        let stranger = try await failure(["ls-remote", "--", address], access)
        #expect(stranger.contains("Permission denied"), "\(stranger)")
    }

    @Test("No redirect is followed, with a credential or without: only the host that was named is asked")
    func redirects() async throws {
        let head = try makeHistory()
        let remote = try servers.makeRepository(name)
        _ = try git(["push", "-q", remote, "\(head):refs/heads/main"].withGitDirectory("local.git"))
        let address = "\(servers["moved"])/\(name).git"
        _ = try await failure(["ls-remote", "--", address], servers.access(.http))
        _ = try await failure(["ls-remote", "--", address], SealedAccess(protocols: ["http"]))
        let port = servers["other"].split(separator: ":").last.map(String.init) ?? ""
        let log = try servers.accessLog().split(separator: "\n").filter { $0.contains(name) }
        #expect(log.contains { $0.contains(" 302 ") })
        #expect(!log.contains { $0.hasPrefix(port) }, "\(log)")
        // It is there for whoever asks that host.
        let other = SealedGit(repository: nil, access: SealedAccess(protocols: ["http"]))
        let references = try await other.run(["ls-remote", "--", "\(servers["other"])/\(name).git"])
        #expect(String(decoding: references, as: UTF8.self).contains(head))
    }

    @Test("What a server says of a push reaches no screen as it is")
    func hostileServer() async throws {
        let head = try makeHistory()
        let remote = try servers.makeRepository(name)
        let hook = "#!/bin/sh\nprintf '\\033]0;owned\\007\\033[2Jhello \\342\\200\\256txt\\n'\nexit ${REFUSE:-0}\n"
        try folder.write("hook", hook, mode: 0o755)
        _ = try HostCommand.run(["cp", "-p", folder.path + "/hook", remote + "/hooks/pre-receive"])
        let said = Mutex<[String]>([])
        let git = SealedGit(repository: folder.path + "/local.git", access: servers.access(.http))
        let address = servers.address(name, .http)
        _ = try await git.run(["push", "--", address, "\(head):refs/heads/x"]) { line in
            said.withLock { $0.append(line) }
        }
        let lines = said.withLock { $0 }
        #expect(lines.contains { $0.contains("hello") }, "\(lines)")
        #expect(!lines.joined().unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F || $0.value == 0x202E })

        try folder.write("hook", hook.replacing("${REFUSE:-0}", with: "1"), mode: 0o755)
        _ = try HostCommand.run(["cp", "-p", folder.path + "/hook", remote + "/hooks/pre-receive"])
        let text = try await failure(["push", "--", address, "\(head):refs/heads/y"], servers.access(.http))
        #expect(text.contains("pre-receive hook declined"), "\(text)")
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F || $0.value == 0x202E })
    }
}

extension [String] {
    fileprivate func withGitDirectory(_ path: String) -> [String] { ["--git-dir=\(path)"] + self }
}
