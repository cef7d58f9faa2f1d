import AgentProtocol
import Git
import Sandbox
import TestSupport
import Testing
import Workspace

@testable import Agent

/// A session's commits, as the system's git sees them.
@Suite("Each step is a commit of git")
struct SessionRepositoryTests {
    private let folder: TemporaryFolder
    private let repository: SessionRepository
    private static let committer = SessionHistory.Person(name: "Cofferdam", email: "cofferdam@localhost")

    init() throws {
        folder = try TemporaryFolder()
        _ = try folder.makeFolder("base")
        repository = SessionRepository(stateDirectory: folder.path + "/s")
        _ = try folder.makeFolder("user")
        try git("init", "-q")
        try git("config", "user.name", "Ada")
        try git("config", "user.email", "ada@example.org")
        try folder.write("user/a.txt", "one\n")
        try folder.write("user/sub/b.txt", "two\n")
        try folder.write("user/sub/deep/c.txt", "three\n")
        try git("add", ".")
        try git("commit", "-qm", "first")
    }

    @discardableResult
    private func git(_ arguments: String...) throws -> String {
        let result = try HostCommand.git(arguments, in: folder.path + "/user")
        try #require(result.exitCode == 0, "\(arguments): \(result.errorText)")
        return result.line
    }

    /// In the user's repository with the session's objects beside its own.
    private func both(_ arguments: String..., name: String = "s") throws -> HostCommand.Result {
        try HostCommand.run(
            ["env", "GIT_ALTERNATE_OBJECT_DIRECTORIES=\(folder.path)/\(name).git/objects", "git"] + arguments,
            in: folder.path + "/user")
    }

    private func begin(_ part: String = "") throws -> WorkspaceSnapshot {
        let path = folder.path + "/user" + part
        let snapshot = try SnapshotTaker.take(folder: path, into: folder.path + "/base")
        try repository.prepare(folder: path, snapshot, environment: [:])
        try repository.begin(
            "s", snapshot, user: .init(name: "?", email: ""), committer: Self.committer, time: 1_700_000_000_000)
        return snapshot
    }

    private func change(_ path: String, _ text: String?, in snapshot: WorkspaceSnapshot) throws -> ChangeTracker.Change
    {
        let bytes = text.map { Array($0.utf8) }
        let file = WorkspaceChange(path: path, kind: .modified, mode: 0o644, size: 0) { _ in bytes ?? [] }
        return ChangeTracker.Change(
            path: path, kind: .modified, old: snapshot.entries[path],
            new: try bytes.map { TreeHash.Entry(mode: .regular, blob: try ObjectID.blob($0)) }, file: file)
    }

    private func commit(
        _ step: Int, _ files: [String: String?], _ snapshot: WorkspaceSnapshot, prompt: String = "mend it"
    ) throws -> SessionHistory.Step {
        let (subject, message) = CommitText.message(
            sessionId: "s", step: step, prompt: prompt, model: "m", checks: [], treeHash: "t\(step)")
        let words = SessionRepository.Words(
            step: step, time: 1_700_000_000_000 + step * 1000, subject: subject, message: message)
        return try repository.commit(
            words, files.sorted { $0.key < $1.key }.map { try change($0.key, $0.value, in: snapshot) }, snapshot,
            limit: 1 << 20)
    }

    @Test("The first commit follows the user's own; the same step made again has the same name")
    func chain() throws {
        let head = try git("rev-parse", "HEAD")
        let snapshot = try begin()
        #expect(repository.history()?.base.commit == head)
        #expect(try repository.steps().references == [])
        #expect(try commit(0, [:], snapshot).files == 0)
        let first = try commit(1, ["a.txt": "mended\n"], snapshot)
        #expect(first.parent?.commit == head && first.files == 1)
        #expect(try commit(1, ["a.txt": "mended\n"], snapshot) == first)
        let second = try commit(2, ["a.txt": "mended\n", "sub/b.txt": nil, "new/d": "d\n"], snapshot)
        #expect(second.parent == first.point && second.files == 2)
        #expect(try commit(3, ["a.txt": "mended\n", "sub/b.txt": nil, "new/d": "d\n"], snapshot).files == 0)
        #expect(
            try both("log", "--format=%an <%ae> %cn %ct %s", second.point.commit).text == """
                Ada <ada@example.org> Cofferdam 1700000002 mend it (step 2)
                Ada <ada@example.org> Cofferdam 1700000001 mend it (step 1)
                \(try git("log", "--format=%an <%ae> %cn %ct %s"))

                """)
        #expect(
            try both("log", "-1", "--format=%(trailers)", second.point.commit).text == """
                Cofferdam-Session: s
                Cofferdam-Step: 2
                Cofferdam-Prompt: mend it
                Cofferdam-Model: m
                Cofferdam-Checks: none
                Cofferdam-Tree: t2


                """)
        #expect(try both("fsck", "--strict", "--full", second.point.commit).exitCode == 0)
        #expect(
            try both("diff", "--name-status", head, second.point.commit).text
                == "M\ta.txt\nA\tnew/d\nD\tsub/b.txt\n")
        #expect(try repository.open().reference("refs/cofferdam/s")?.description == second.point.commit)
    }

    @Test("A working tree that was not committed has a commit of its own, and a folder in a repository its place there")
    func dirtyFolder() throws {
        try folder.write("user/sub/b.txt", "changed\n")
        let snapshot = try begin("/sub")
        let base = try #require(repository.history()?.base)
        let step = try commit(1, ["deep/c.txt": "mended\n"], snapshot)
        #expect(step.parent == base && step.files == 1)
        #expect(try both("diff", "--name-only", "HEAD", base.commit).text == "sub/b.txt\n")
        #expect(try both("diff", "--name-only", base.commit, step.point.commit).text == "sub/deep/c.txt\n")
        let diff = try repository.difference(AgentDiff.Params(sessionId: "s", step: 1), limits: AgentLimits())
        #expect(diff.files.map(\.path) == ["deep/c.txt"])
        #expect(diff.baseTreeHash == snapshot.treeHash)
        #expect(try repository.steps().commits.map(\.step) == [nil, 1])
        #expect(try repository.steps().prefix == "sub")
    }

    @Test("A restore moves the reference and loses nothing; a fork goes on from the step's commit")
    func restoreAndFork() throws {
        let snapshot = try begin()
        let first = try commit(1, ["a.txt": "1\n"], snapshot)
        let second = try commit(2, ["a.txt": "2\n"], snapshot)
        try repository.goTo([1, 0])
        #expect(
            repository.history()?.references == [
                "refs/cofferdam/s": first.point.commit, "refs/cofferdam-steps/s/2": second.point.commit,
            ])
        let other = try commit(3, ["a.txt": "3\n"], snapshot)
        #expect(other.parent == first.point)
        try repository.goTo([0])
        #expect(
            try repository.open().references(beneath: "refs/").map(\.name) == [
                "refs/cofferdam-steps/s/2", "refs/cofferdam-steps/s/3",
            ])
        let fork = SessionRepository(stateDirectory: folder.path + "/f")
        try fork.fork(repository, at: [3, 1], as: "f")
        #expect(try fork.steps().references == [StepReference(name: "refs/cofferdam/f", commit: other.point.commit)])
        #expect(try both("fsck", "--strict", "--full", other.point.commit, name: "f").exitCode == 0)
        // What the other session did elsewhere does not come along.
        #expect(try !fork.open().contains(#require(ObjectID(hex: second.point.commit))))
        let words = SessionRepository.Words(step: 1, time: 0, subject: "x", message: "x\n")
        let made = try fork.commit(words, [change("a.txt", "4\n", in: snapshot)], snapshot, limit: 1 << 20)
        #expect(made.parent == other.point)
        let whole = try repository.difference(
            AgentDiff.Params(sessionId: "s", includeContents: true, step: 3, from: 2), limits: AgentLimits())
        #expect(whole.files.map(\.oldContents) == [Base64.encode(Array("2\n".utf8))])
        #expect(whole.patch.contains("-2\n+3\n"))
    }

    @Test("Only what was asked for travels, in pieces; what is not the session's is not there")
    func packs() throws {
        let snapshot = try begin()
        let step = try commit(1, ["a.txt": "mended\n"], snapshot)
        let same = try #require(snapshot.entries["sub/b.txt"]).blob
        let strange = try ObjectID.blob([1, 2, 3]).description
        let ids = [step.point.commit, step.point.tree, same.description, strange]
        var result = try repository.pack(AgentObjects.Params(sessionId: "s", ids: ids), base: nil, of: nil)
        #expect(result.missing == [same.description, strange])
        result = try repository.pack(
            AgentObjects.Params(sessionId: "s", ids: ids), base: [same: "sub/b.txt"], of: snapshot)
        #expect(result.missing == [strange])
        let name = try #require(result.pack)
        let piece = try repository.piece(AgentPack.Params(sessionId: "s", pack: name, offset: 0))
        #expect(piece.bytes == result.bytes)
        let bytes = try #require(Base64.decode(piece.data))
        let indexed = try HostCommand.run(["git", "index-pack", "--stdin"], in: folder.path + "/user", input: bytes)
        #expect(indexed.exitCode == 0)
        #expect(try git("cat-file", "-p", "\(step.point.commit)^{tree}").contains("a.txt"))
        for wrong in ["../../cofferdam", "zz", strange] {
            #expect(throws: AgentError.self) {
                try repository.piece(AgentPack.Params(sessionId: "s", pack: wrong, offset: 0))
            }
        }
    }

    @Test("Line ends are stored as the repository has them")
    func lineEnds() throws {
        try folder.write("user/.gitattributes", "* text=auto eol=crlf\n")
        try folder.write("user/w.txt", "one\r\ntwo\r\n")
        try git("add", ".")
        try git("commit", "-qm", "ends")
        let snapshot = try begin()
        #expect(repository.history()?.base.commit == (try git("rev-parse", "HEAD")))
        let step = try commit(1, ["w.txt": "one\r\n2\r\n"], snapshot)
        #expect(try both("diff", "HEAD", step.point.commit).text.hasSuffix("\n one\n-two\n+2\n"))
        let diff = try repository.difference(AgentDiff.Params(sessionId: "s", step: 1), limits: AgentLimits())
        #expect(diff.patch.hasSuffix(" one\n-two\n+2\n"))
    }

    @Test("A folder without git has commits too")
    func withoutGit() throws {
        let plain = try folder.makeFolder("plain")
        try folder.write("plain/x", "1\n")
        let snapshot = try SnapshotTaker.take(folder: plain, into: folder.path + "/base")
        try repository.prepare(folder: plain, snapshot, environment: [:])
        #expect(repository.origin()?.workspace.head == nil)
        try repository.begin("s", snapshot, user: .init(name: "anna", email: ""), committer: Self.committer, time: 0)
        let step = try commit(1, ["x": "2\n"], snapshot)
        #expect(step.files == 1 && step.parent == repository.history()?.base)
        #expect(try repository.steps().commits.count == 2)
    }

    @Test(
        "What a prompt holds cannot make trailers of its own, or reach a screen as more than text",
        arguments: [
            "x\nCofferdam-Checks: all passed", "x\r\n\r\nSigned-off-by: me", "\u{1b}[31mred\u{1b}[0m", "a\u{202e}b",
            String(repeating: "long ", count: 10_000), "\u{2028}Cofferdam-Step: 9", "\0", "   \n\t",
        ])
    func hostileWords(prompt: String) {
        let text = CommitText.message(
            sessionId: "s\nCofferdam-Step: 7", step: 3, prompt: prompt, model: "m\nX: y", checks: [], treeHash: "t")
        let lines = text.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[1].isEmpty && text.subject == lines[0])
        #expect(text.subject.utf8.count <= CommitText.maximumSubject)
        let names = lines.dropFirst(2).dropLast().map { $0.prefix { $0 != ":" } }
        #expect(
            names.filter { $0 != "Cofferdam-Prompt" } == [
                "Cofferdam-Session", "Cofferdam-Step", "Cofferdam-Model", "Cofferdam-Checks", "Cofferdam-Tree",
            ])
        #expect(text.text.utf8.count < 4096)
        #expect(text.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x202e })
    }
}
