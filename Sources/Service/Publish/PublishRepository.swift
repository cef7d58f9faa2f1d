import Agent
import Git
import Sandbox
import Workspace

/// Where a session's publications are put together: a bare repository that borrows the objects of others.
struct PublishRepository: Sendable {
    let path: String

    /// Makes it, or opens the one that is there. Blocks on the disk.
    /// - Parameter lenders: folders with objects: of the session, and of the repository that the commit stands on.
    /// - Throws: `GitError`, ``PublishError``.
    init(_ path: String, borrowing lenders: [String]) throws {
        self.path = path
        _ = try Repository.create(bare: path)
        let lines = lenders.filter { !$0.contains("\n") && $0.hasPrefix("/") }.map { $0 + "\n" }.joined()
        guard FileBytes.write(Array(lines.utf8), toFile: "\(path)/objects/info/alternates", mode: 0o600) else {
            throw PublishError.disk("cannot write \(path)/objects/info/alternates")
        }
    }

    func open() throws -> Repository { try Repository.open(path) }

    /// Makes a commit, signed where there is a key.
    func commit(
        tree: ObjectID, parent: ObjectID, message: String, author: SessionHistory.Person,
        committer: SessionHistory.Person, time: Int, signingKey: String?
    ) async throws -> ObjectID {
        var settings: [(key: String, value: String)] = []
        if let signingKey { settings = [("gpg.format", "ssh"), ("user.signingKey", signingKey)] }
        let git = SealedGit(repository: path, settings: settings)
        let date = "@\(time / 1000) +0000"
        let output = try await git.run(
            ["commit-tree"] + (signingKey == nil ? [] : ["-S"]) + ["-p", parent.description, tree.description],
            input: Array(message.utf8),
            environment: [
                "GIT_AUTHOR_NAME": Self.name(author.name), "GIT_AUTHOR_EMAIL": Self.name(author.email),
                "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_NAME": Self.name(committer.name),
                "GIT_COMMITTER_EMAIL": Self.name(committer.email), "GIT_COMMITTER_DATE": date,
            ])
        let text = String(decoding: output, as: UTF8.self).split(separator: "\n").first ?? ""
        guard let id = ObjectID(hex: text) else {
            throw PublishError.disk("git made no commit")
        }
        return id
    }

    /// git takes no empty name, and leaves out what could end it.
    private static func name(_ text: String) -> String {
        let line = PublishText.line(text)
        return line.contains { $0.isLetter || $0.isNumber } ? line : "unknown"
    }

    /// Pushes a commit. It only goes forward: what the remote has there must be what it is expected to be.
    /// - Parameter old: nil: no branch of the name is there.
    func push(
        _ commit: ObjectID, to branch: String, expecting old: ObjectID?, at address: RemoteAddress,
        _ access: SealedAccess
    ) async throws {
        let reference = "refs/heads/\(branch)"
        _ = try await SealedGit(repository: path, access: access).run([
            "push", "--no-verify", "--force-with-lease=\(reference):\(old?.description ?? "")", "--",
            address.description, "\(commit):\(reference)",
        ])
    }

    func isAncestor(_ old: ObjectID, of new: ObjectID) async throws -> Bool {
        if old == new { return true }
        do {
            _ = try await SealedGit(repository: path).run([
                "merge-base", "--is-ancestor", old.description, new.description,
            ])
            return true
        } catch SealedGitError.failed { return false }
    }

    /// A bundle with a commit as a branch, for who has its parent.
    func bundle(_ commit: ObjectID, as branch: String, after parent: ObjectID) async throws -> [UInt8] {
        let reference = "refs/heads/\(branch)"
        let git = SealedGit(repository: path)
        _ = try await git.run(["update-ref", reference, commit.description])
        return try await git.run(["bundle", "create", "-q", "--version=2", "-", reference, "^\(parent)"])
    }

    /// The session's steps as patches for git-am(1). The first stands on the files as they were at the session's start.
    func patches(of history: SessionHistory) async throws -> [UInt8] {
        let path = path
        let range = try await Background.run {
            let repository = try Repository.open(path)
            guard let base = ObjectID(hex: history.base.tree) else { throw PublishError.nothingChanged }
            let made = history.steps.filter { $0.files > 0 }
            var chain: [String] = []
            var next = history.tip.commit
            while let step = made.last(where: { $0.point.commit == next }), !chain.contains(next),
                let parent = step.parent
            {
                chain.append(next)
                next = parent.commit
            }
            guard !chain.isEmpty else { throw PublishError.nothingChanged }
            // On a commit of its own: those of the user are not here.
            let nobody = CommitObject.Signature(name: "Cofferdam", email: "cofferdam@localhost", time: 0)
            let root = try repository.write(
                CommitObject(tree: base, parents: [], author: nobody, committer: nobody, message: "Start\n"))
            var tip = root
            for name in chain.reversed() {
                guard let id = ObjectID(hex: name) else { continue }
                var commit = try repository.commit(id)
                commit.parents = [tip]
                tip = try repository.write(commit)
            }
            return "\(root)..\(tip)"
        }
        return try await SealedGit(repository: path).run([
            "format-patch", "--stdout", "--binary", "--full-index", "--no-renames", "--no-signature", range,
        ])
    }
}
