import Dispatch
import Git
import Secrets
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("The system's git, sealed")
struct SealedGitTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/r.git" }

    init() throws {
        folder = try TemporaryFolder()
        _ = try Repository.create(bare: folder.path + "/r.git")
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// A place that takes connections and says nothing.
    private func silentPort() throws -> (descriptor: Int32, port: Int) {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(bound)
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Waits on a thread of its own: those that all tests share are few.
    private func connection(to descriptor: Int32) async -> Int32 {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: accept(descriptor, nil, nil)) }
        }
    }

    private static func request(from peer: Int32) -> String {
        var request = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !request.contains("\r\n\r\n") {
            let count = recv(peer, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            request += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return request
    }

    @Test("Objects go in and out; what git says of a failure is the error")
    func plain() async throws {
        let git = SealedGit(repository: path)
        let id = text(try await git.run(["hash-object", "-w", "--stdin"], input: Array("hello".utf8)))
        #expect(id == "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0\n")
        #expect(text(try await git.run(["cat-file", "blob", "b6fc4c620b67"])) == "hello")
        do {
            _ = try await git.run(["cat-file", "blob", "none"])
            Issue.record("it did not fail")
        } catch let error as SealedGitError {
            #expect(error == .failed(exitCode: 128, text: "fatal: Not a valid object name none"))
        }
    }

    @Test("Neither hooks of the repository nor settings of the environment count")
    func sealed() async throws {
        let hook = "#!/bin/sh\ntouch \(folder.path)/ran\n"
        for name in ["reference-transaction", "update", "pre-push", "post-update"] {
            try folder.write("r.git/hooks/\(name)", hook, mode: 0o755)
        }
        let git = SealedGit(repository: path)
        let tree = text(try await git.run(["write-tree"])).dropLast()
        let who = [
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "c",
        ]
        let commit = text(try await git.run(["commit-tree", "-m", "x", String(tree)], environment: who)).dropLast()
        _ = try await git.run(["update-ref", "refs/heads/x", String(commit)])
        #expect(folder.read("ran") == nil)
        // The same without the seal: the hook is one that git would have run.
        #expect(
            try HostCommand.git(["--git-dir=\(path)", "update-ref", "refs/heads/y", String(commit)], in: "/").exitCode
                == 0)
        #expect(folder.read("ran") != nil)
        let settings = text(try await git.run(["config", "--list", "--show-scope"]))
        #expect(!settings.contains("global\t") && !settings.contains("system\t"))
    }

    @Test("Protocols that were not allowed are not spoken", arguments: ["file", "ext", "git", "http"])
    func protocols(name: String) async throws {
        let address = name == "ext" ? "ext::touch \(folder.path)/ran" : "\(name)://\(folder.path)/r.git"
        do {
            _ = try await SealedGit(repository: path).run(["ls-remote", "--", address])
            Issue.record("it was spoken")
        } catch SealedGitError.failed(_, let text) {
            #expect(text.contains("transport '\(name)' not allowed"), "\(text)")
        }
        #expect(folder.read("ran") == nil)
    }

    @Test("A run that hangs ends when it is cancelled, or when its time is over")
    func endings() async throws {
        let (descriptor, port) = try silentPort()
        defer { close(descriptor) }
        let address = "git://127.0.0.1:\(port)/x"
        var git = SealedGit(repository: path, access: SealedAccess(protocols: ["git"]))
        let running = Task { [git] in try await git.run(["ls-remote", "--", address]) }
        // It is connected: git waits for an answer.
        let peer = await connection(to: descriptor)
        defer { close(peer) }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        git.limits.time = .milliseconds(200)
        let limited = git
        await #expect(throws: SealedGitError.timedOut(.milliseconds(200))) {
            try await limited.run(["ls-remote", "--", address])
        }
    }

    @Test("Output has a bound")
    func output() async throws {
        let blob = try Repository.open(path).write(.blob, [UInt8](repeating: 65, count: 1 << 20))
        var git = SealedGit(repository: path)
        git.limits.output = 1 << 19
        let limited = git
        await #expect(throws: SealedGitError.tooMuchOutput(limit: 1 << 19)) {
            try await limited.run(["cat-file", "blob", blob.description])
        }
    }

    @Test("A secret is neither in what git says nor in its command line")
    func secrets() async throws {
        let (descriptor, port) = try silentPort()
        defer { close(descriptor) }
        let header = SealedAccess.basic(user: "u", token: SecretString("canary-7"))
        #expect(header.reveal() == "Basic dTpjYW5hcnktNw==")
        let git = SealedGit(repository: path, access: SealedAccess(protocols: ["http"], authorization: header))
        let said = Mutex("")
        let running = Task {
            try await git.run(
                ["ls-remote", "--", "http://127.0.0.1:\(port)/x"],
                environment: ["GIT_CURL_VERBOSE": "1", "GIT_TRACE_REDACT": "0"]
            ) { line in said.withLock { $0 += line + "\n" } }
        }
        let peer = await connection(to: descriptor)
        let request = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: Self.request(from: peer)) }
        }
        // It is alive now.
        let lines = try HostCommand.run(["sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"]).text
        #expect(!lines.contains("dTpjYW5hcnktNw") && !lines.contains("canary-7"))
        #expect(request.contains("Authorization: Basic dTpjYW5hcnktNw=="))
        let answer = Array(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(port)/y\r\nContent-Length: 0\r\n\r\n".utf8)
        send(peer, answer, answer.count, 0)
        close(peer)
        await #expect(throws: SealedGitError.self) { try await running.value }
        let all = said.withLock { $0 }
        #expect(all.contains("Authorization"), "\(all)")
        #expect(!all.contains("dTpjYW5hcnktNw"))
    }
}
