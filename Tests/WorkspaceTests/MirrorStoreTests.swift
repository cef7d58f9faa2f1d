import Git
import Synchronization
import TestSupport
import Testing
import Workspace

/// Fetches with the system's git, and counts.
private final class CountingTransport: RemoteTransport {
    let fetches = Mutex<[[String]]>([])
    let answer: String?

    init(answer: String? = nil) { self.answer = answer }

    struct Failed: Error { var text: String }

    func references(of remote: String) async throws -> [UInt8] {
        if let answer { return Array(answer.utf8) }
        let result = try HostCommand.git(["ls-remote", "--symref", remote], in: "/")
        guard result.exitCode == 0 else { throw Failed(text: result.errorText) }
        return result.output
    }

    func fetch(_ refspecs: [String], from remote: String, into repository: String) async throws {
        fetches.withLock { $0.append(refspecs) }
        let result = try HostCommand.git(
            ["--git-dir=\(repository)", "fetch", "-q", "--no-tags", remote] + refspecs, in: "/")
        guard result.exitCode == 0 else { throw Failed(text: result.errorText) }
    }
}

@Suite("Copies of remote repositories")
struct MirrorStoreTests {
    private let folder: TemporaryFolder
    private let store: MirrorStore
    private let transport = CountingTransport()
    private var remote: String { folder.path + "/remote" }

    init() throws {
        folder = try TemporaryFolder()
        store = try MirrorStore(directory: folder.path + "/mirrors")
        try git("init", "-q", "-b", "trunk", folder.path + "/remote", in: folder.path)
        try commit("one")
    }

    @discardableResult
    private func git(_ arguments: String..., in place: String? = nil) throws -> String {
        let result = try HostCommand.git(arguments, in: place ?? remote)
        try #require(result.exitCode == 0, "\(arguments): \(result.errorText)")
        return result.line
    }

    @discardableResult
    private func commit(_ text: String) throws -> String {
        try folder.write("remote/file", text)
        try git("add", "file")
        try git("commit", "-q", "-m", text)
        return try git("rev-parse", "HEAD")
    }

    private func fetch(_ ref: String? = nil, holder: String = "s") async throws -> MirrorStore.Fetched {
        try await store.fetch(remote, ref: ref, holder: holder, through: transport)
    }

    private var fetches: Int { transport.fetches.withLock(\.count) }

    @Test("The default branch comes once; what is new is fetched, what is there is not")
    func again() async throws {
        let first = try await fetch()
        #expect(first.name == "refs/heads/trunk" && !first.wasCached)
        #expect(first.tree.description == (try git("rev-parse", "HEAD^{tree}")))
        let second = try await fetch("trunk", holder: "t")
        #expect(second.commit == first.commit && second.wasCached)
        #expect(fetches == 1)
        let newer = try commit("two")
        #expect(try await fetch().commit.description == newer)
        #expect(fetches == 2)
    }

    @Test("A session keeps its commit when the branch is rewritten")
    func rewritten() async throws {
        let first = try await fetch()
        try git("commit", "-q", "--amend", "-m", "other")
        let second = try await fetch(holder: "t")
        #expect(second.commit != first.commit)
        let told = try HostCommand.git(["--git-dir=\(first.repository)", "gc", "-q", "--prune=now"], in: "/")
        #expect(told.exitCode == 0)
        #expect(try Repository.open(first.repository).commit(first.commit).tree == first.tree)
        await store.release("s")
        #expect(
            try HostCommand.git(["--git-dir=\(first.repository)", "gc", "-q", "--prune=now"], in: "/").exitCode == 0)
        #expect(throws: GitError.self) { try Repository.open(first.repository).commit(first.commit) }
    }

    @Test("A tag, a commit that no branch points at, and one that nothing reaches")
    func kinds() async throws {
        let first = try git("rev-parse", "HEAD")
        try git("tag", "-a", "v1", "-m", "v1")
        let second = try commit("two")
        #expect(try await fetch("v1").commit.description == first)
        #expect(try await fetch(first, holder: "t").name == nil)
        try git("reset", "-q", "--hard", first)
        try git("config", "uploadpack.allowAnySHA1InWant", "true")
        #expect(try await fetch(second, holder: "u").commit.description == second)
    }

    @Test("What is not there is said: no branch, no commit, an empty repository, no repository's answer")
    func missing() async throws {
        await #expect(throws: MirrorStore.Failure.noSuchReference(remote: remote, ref: "none")) {
            try await fetch("none")
        }
        let unknown = String(repeating: "7", count: 40)
        await #expect(throws: MirrorStore.Failure.noSuchReference(remote: remote, ref: unknown)) {
            try await fetch(unknown)
        }
        let empty = folder.path + "/empty"
        try git("init", "-q", empty, in: folder.path)
        await #expect(throws: MirrorStore.Failure.empty(remote: empty)) {
            try await store.fetch(empty, ref: nil, holder: "s", through: transport)
        }
        await #expect(throws: MirrorStore.Failure.malformed(remote: "x")) {
            try await store.fetch("x", ref: nil, holder: "s", through: CountingTransport(answer: "<html>"))
        }
        await #expect(throws: CountingTransport.Failed.self) {
            try await store.fetch(folder.path + "/nowhere", ref: nil, holder: "s", through: transport)
        }
    }

    @Test("A commit without its files, left by a fetch that was cut, is fetched again")
    func cut() async throws {
        let path = store.path(of: remote)
        let id = try #require(ObjectID(hex: try git("rev-parse", "HEAD")))
        let whole = try Repository.open(remote).read(id)
        try Repository.create(bare: path).write(whole.kind, whole.bytes)
        #expect(try await fetch().commit == id)
        #expect(fetches == 1)
        #expect(try HostCommand.git(["--git-dir=\(path)", "fsck", "--full"], in: "/").exitCode == 0)
    }

    @Test("Many sessions at once share one fetch")
    func together() async throws {
        try await withThrowingTaskGroup(of: ObjectID.self) { group in
            for number in 0..<8 { group.addTask { try await fetch(holder: "s\(number)").commit } }
            for try await commit in group { #expect(commit.description == (try git("rev-parse", "HEAD"))) }
        }
        #expect(fetches == 1)
    }

    @Test("Copies that nobody pins go beyond the budget; those that are pinned stay")
    func room() async throws {
        let small = try MirrorStore(directory: folder.path + "/small", budget: 0)
        let fetched = try await small.fetch(remote, ref: nil, holder: "s", through: transport)
        #expect(try Repository.open(fetched.repository).commit(fetched.commit).tree == fetched.tree)
        await small.keepOnly(["s"])
        #expect(try Repository.open(fetched.repository).commit(fetched.commit).tree == fetched.tree)
        await small.keepOnly([])
        #expect(throws: GitError.self) { try Repository.open(fetched.repository) }
        #expect(try await !small.fetch(remote, ref: nil, holder: "s", through: transport).wasCached)
    }
}
