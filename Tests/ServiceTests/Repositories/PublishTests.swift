import Agent
import AgentProtocol
import Git
import JSON
import Store
import TestSupport
import Testing
import Workspace

@testable import Service

/// Publishing to a repository that git itself serves from the disk.
struct PublishTests {
    private let folder: TemporaryFolder
    private var remote: String { "file://\(folder.path)/remote.git" }
    private var state: String { "\(folder.path)/state/s1" }

    init() async throws {
        folder = try TemporaryFolder()
        for path in ["work/.github/workflows", "state"] { _ = try folder.makeFolder(path) }
        try folder.write("work/a.txt", "one\ntwo\nthree\nfour\nfive\n")
        try folder.write("work/b.txt", "b\n")
        try folder.write("work/.github/workflows/ci.yml", "on: push\n")
        try folder.write("work/.github/pull_request_template.md", "Say why.\n")
        try await git("init", "-q", "--bare", "-b", "main", "\(folder.path)/remote.git")
        try await git("init", "-q", "-b", "main", "\(folder.path)/work")
        try await commit("Begin")
    }

    @discardableResult
    private func git(_ arguments: String...) async throws -> String {
        let access = SealedAccess(protocols: ["file"])
        let settings = [("user.name", "Somebody"), ("user.email", "some@body.example")]
        let output = try await SealedGit(
            repository: nil, access: access, settings: settings.map { (key: $0.0, value: $0.1) }
        ).run(arguments)
        return String(decoding: output, as: UTF8.self).split(separator: "\n").joined(separator: "\n")
    }

    @discardableResult
    private func commit(_ message: String, to branch: String = "main") async throws -> String {
        let work = "\(folder.path)/work"
        try await git("-C", work, "add", "-A")
        try await git("-C", work, "commit", "-qm", message)
        try await git("-C", work, "push", "-q", remote, "HEAD:refs/heads/\(branch)")
        return try await git("-C", work, "rev-parse", "HEAD")
    }

    /// A session on what the remote has now, with a step that made these changes.
    private func history(_ changes: [(String, String?)]) async throws -> SessionHistory {
        let head = try #require(ObjectID(hex: try await git("-C", "\(folder.path)/work", "rev-parse", "HEAD")))
        let users = try Repository.open("\(folder.path)/work")
        let repository = try Repository.create(bare: "\(state).git")
        let base = try users.commit(head).tree
        var (trees, blobs): ([ObjectID], [ObjectID]) = ([base], [])
        while let id = trees.popLast() {
            let tree = try users.tree(id)
            _ = try repository.write(tree)
            for entry in tree.entries {
                if entry.mode == .folder { trees.append(entry.id) } else { blobs.append(entry.id) }
            }
        }
        for blob in blobs { try repository.write(.blob, users.read(blob).bytes) }
        let leaves = try changes.map { path, text in
            (
                path: Array(path.utf8),
                leaf: try text.map {
                    TreeEditor.Leaf(mode: .regular, id: try repository.write(.blob, Array($0.utf8)))
                }
            )
        }
        let tree = try TreeEditor(repository).tree(changing: base, leaves)
        let person = CommitObject.Signature(name: "Some Body", email: "some@body.example", time: 1_790_000_000)
        let step = try repository.write(
            CommitObject(
                tree: tree, parents: [head], author: person, committer: person,
                message: "Work (step 1)\n\nCofferdam-Tree: \(tree)\n"))
        let point: JSON = ["commit": .string("\(step)"), "tree": .string("\(tree)")]
        let start: JSON = ["commit": .string("\(head)"), "tree": .string("\(base)")]
        let someone: JSON = ["name": "Some Body", "email": "some@body.example"]
        let first: JSON = [
            "step": 1, "point": point, "parent": start, "files": 1, "time": 1_790_000_000_000,
            "subject": "Work (step 1)",
        ]
        let json: JSON = [
            "sessionId": "s1", "head": .string("\(head)"), "prefix": "", "author": someone, "committer": someone,
            "base": start, "workspaceTree": .string("\(base)"), "startTree": .string("\(base)"), "steps": [first],
            "tip": point,
        ]
        return try JSONCoder.decode(SessionHistory.self, from: json)
    }

    private func publish(
        _ history: SessionHistory, _ kind: PublishKind = .branch, approved: [String]? = nil, branch: String? = nil,
        rule: String = "push: true", publish: String = "{}", verified: Bool = true
    ) async throws -> PublishJob.Outcome {
        let file = try ServiceFile.parse(
            Array("remotes:\n- match: file://\(folder.path)/*\n  \(rule)\npublish: \(publish)\n".utf8), file: "f")
        let record = SessionRecord(
            sessionId: "s1", workspaceFolder: "\(folder.path)/work", title: "Mend the parser", model: "m", state: .idle,
            createdAt: 0, updatedAt: 0)
        let job = PublishJob(
            params: .init(
                sessionId: "s1", kind: kind, remote: kind == .patch ? nil : remote, branch: branch, approved: approved),
            record: record, history: history, stateDirectory: state, settings: file.publish,
            access: GitRemoteAccess(file.remotes, environment: [:]),
            mirrors: try MirrorStore(directory: "\(folder.path)/mirrors"),
            evidence: PublishEvidence(outcome: verified ? .verified : .unverified))
        return try await job.run()
    }

    private func show(_ what: String) async throws -> String {
        try await git("--git-dir=\(folder.path)/remote.git", "show", "-s", "--format=%P|%an|%s|%b", what)
    }

    private func file(_ path: String, _ branch: String) async throws -> String {
        try await git("--git-dir=\(folder.path)/remote.git", "show", "\(branch):\(path)")
    }

    @Test func aBranchIsPushedOnTheNewestState() async throws {
        let history = try await history([
            ("a.txt", "ONE\ntwo\nthree\nfour\nfive\n"), ("new.txt", "n\n"), ("b.txt", nil),
        ])
        try folder.write("work/a.txt", "one\ntwo\nthree\nfour\nFIVE\n")
        let newest = try await commit("Meanwhile")
        let outcome = try await publish(history)
        let branch = "cofferdam/s1-mend-the-parser"
        #expect(outcome.result.branch == branch && outcome.result.base == "main" && outcome.isNew)
        #expect(try await file("a.txt", branch) == "ONE\ntwo\nthree\nfour\nFIVE")
        #expect(try await file("new.txt", branch) == "n")
        await #expect(throws: SealedGitError.self) { try await file("b.txt", branch) }
        let shown = try await show(branch)
        #expect(shown.hasPrefix("\(newest)|Some Body|Mend the parser|Cofferdam-Session: s1"), "\(shown)")

        let again = try await publish(history)
        #expect(!again.isNew && again.result.commit == outcome.result.commit)
        // Another step: a commit more on the same branch.
        let later = try await self.history([
            ("a.txt", "ONE\ntwo\nthree\nfour\nfive\n"), ("new.txt", "n2\n"), ("b.txt", nil),
        ])
        let updated = try await publish(later)
        #expect(updated.result.branch == branch)
        #expect(try await show(branch).hasPrefix("\(outcome.result.commit ?? "none")|"))
    }

    @Test func whatDoesNotFitIsAnError() async throws {
        let history = try await history([("a.txt", "ONE\ntwo\nthree\nfour\nfive\n")])
        try folder.write("work/a.txt", "uno\ntwo\nthree\nfour\nfive\n")
        try await commit("Meanwhile")
        await #expect(throws: PublishError.conflicts(["a.txt"], base: "main")) { try await publish(history) }
    }

    @Test func sensitiveFilesAndUnverifiedResultsAreAskedFor() async throws {
        let history = try await history([(".GitHub/workflows/x.yml", "x"), ("CODEOWNERS", "x"), ("c.txt", "c")])
        await #expect(throws: PublishError.denied(["c.txt"])) {
            try await publish(history, publish: "{paths: {deny: [c.txt]}}")
        }
        let asked = try await publish(history, verified: false)
        #expect(asked.result.needsApproval == ["path:.GitHub/workflows/x.yml", "path:CODEOWNERS", "unverified"])
        #expect(asked.result.commit == nil && !asked.isNew)
        let part = try await publish(history, approved: ["unverified", "path:CODEOWNERS"], verified: false)
        #expect(part.result.needsApproval == ["path:.GitHub/workflows/x.yml"])
        let done = try await publish(history, approved: asked.result.needsApproval, verified: false)
        #expect(done.result.commit != nil)
    }

    @Test(arguments: [
        "main", "x", "-x", "cofferdam/../x", "cofferdam/a.lock", "refs/heads/cofferdam/x", "cofferdam/$(x)",
    ])
    func otherBranchesAreRefused(_ branch: String) async throws {
        let history = try await history([("c.txt", "c")])
        await #expect(throws: PublishError.self) { try await publish(history, branch: branch) }
    }

    @Test func nothingGoesWhereItMayNot() async throws {
        let history = try await history([("c.txt", "c")])
        await #expect(throws: PublishError.self) { try await publish(history, rule: "push: false") }
        await #expect(throws: PublishError.self) {
            try await publish(history, rule: "push: true\n  branches: [x/*]")
        }
    }

    @Test func aBranchOfOthersIsLeftAlone() async throws {
        let history = try await history([("c.txt", "c")])
        try await commit0("cofferdam/s1-mend-the-parser")
        await #expect(throws: SealedGitError.self) { try await publish(history) }
    }

    private func commit0(_ branch: String) async throws {
        try await git("-C", "\(folder.path)/work", "push", "-q", remote, "HEAD:refs/heads/\(branch)")
    }

    @Test func commitsOfOthersOnTheBranchAreKept() async throws {
        let history = try await history([("c.txt", "c\n")])
        let branch = try #require(try await publish(history).result.branch)
        let work = "\(folder.path)/work"
        try await git("-C", work, "fetch", "-q", remote, branch)
        try await git("-C", work, "reset", "-q", "--hard", "FETCH_HEAD")
        try folder.write("work/d.txt", "d\n")
        let theirs = try await commit("A reviewer's", to: branch)
        try await git("-C", work, "reset", "-q", "--hard", "HEAD~2")
        let later = try await self.history([("c.txt", "c2\n")])
        _ = try await publish(later)
        #expect(try await show(branch).hasPrefix("\(theirs)|"))
        #expect(try await file("d.txt", branch) == "d")
        #expect(try await file("c.txt", branch) == "c2")
        // Rewritten: nothing is pushed over it.
        try await git("-C", work, "push", "-qf", remote, "HEAD:refs/heads/\(branch)")
        let last = try await self.history([("c.txt", "c3\n")])
        await #expect(throws: PublishError.branchRewritten(branch)) { try await publish(last) }
    }

    @Test func aPushThatWasCutIsKnownAgain() async throws {
        let history = try await history([("c.txt", "c\n")])
        let outcome = try await publish(history)
        let kept = PublishRecord.folder(stateDirectory: state)
        var record = PublishRecord.load(kept)
        (record.intent, record.published) = (record.published, nil)
        try record.save(kept)
        let again = try await publish(history)
        #expect(again.result.commit == outcome.result.commit && !again.isNew)
    }

    @Test func hooksOfTheRepositoriesAreNotRun() async throws {
        let history = try await history([("c.txt", "c\n")])
        _ = try await publish(history)
        let hook = "\(PublishRecord.folder(stateDirectory: state))/hooks"
        #expect(FileBytes.read("\(hook)/pre-push.sample", limit: 1 << 20) == nil, "no template was copied")
        _ = try folder.makeFolder("state/s1.publish.git/hooks")
        try folder.write("state/s1.publish.git/hooks/pre-push", "#!/bin/sh\ntouch \(folder.path)/ran\n", mode: 0o755)
        let later = try await self.history([("c.txt", "c2\n")])
        #expect(try await publish(later).isNew)
        #expect(FileBytes.read("\(folder.path)/ran", limit: 1) == nil)
    }

    @Test func commitsAreSignedWithAnSSHKey() async throws {
        let history = try await history([("c.txt", "c\n")])
        let key = "\(folder.path)/key"
        _ = try HostCommand.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        let branch = try #require(try await publish(history, publish: "{signingKey: \(key)}").result.branch)
        let signers = "some@body.example \(folder.readText("key.pub") ?? "")"
        try folder.write("signers", signers)
        let verified = SealedGit(
            repository: "\(folder.path)/remote.git",
            settings: [("gpg.format", "ssh"), ("gpg.ssh.allowedSignersFile", "\(folder.path)/signers")])
        _ = try await verified.run(["verify-commit", branch])
        // Unsigned, it is not verified.
        await #expect(throws: SealedGitError.self) { try await verified.run(["verify-commit", "main"]) }
    }

    @Test func patchesApplyWithGitAm() async throws {
        let history = try await history([("a.txt", "ONE\ntwo\nthree\nfour\nfive\n"), ("z/new.bin", "\u{0}\u{1}")])
        let outcome = try await publish(history, .patch)
        let bytes = try #require(Base64.decode(outcome.result.data ?? ""))
        try folder.write("work.mbox", String(decoding: bytes, as: UTF8.self))
        try await git("-C", "\(folder.path)/work", "am", "-q", "\(folder.path)/work.mbox")
        let tree = try await git("-C", "\(folder.path)/work", "rev-parse", "HEAD^{tree}")
        #expect(tree == history.tip.tree)
    }

    @Test func aBundleIsFetchedByGit() async throws {
        let history = try await history([("c.txt", "c\n")])
        let outcome = try await publish(history, .bundle)
        let bytes = try #require(Base64.decode(outcome.result.data ?? ""))
        #expect(FileBytes.write(bytes, toFile: "\(folder.path)/work.bundle", mode: 0o600))
        let branch = try #require(outcome.result.branch)
        try await git("-C", "\(folder.path)/work", "fetch", "-q", "\(folder.path)/work.bundle", branch)
        #expect(try await git("-C", "\(folder.path)/work", "show", "FETCH_HEAD:c.txt") == "c")
        let refs = try await git("--git-dir=\(folder.path)/remote.git", "for-each-ref", "--format=%(refname)")
        #expect(refs == "refs/heads/main", "nothing was pushed")
    }
}
