import Agent
import AgentProtocol
import Forges
import Git
import Policy
import ProjectConfiguration
import Sandbox
import Store
import Workspace

/// One `agent/publish`. The caller sees to it that a session has one at a time.
struct PublishJob: Sendable {
    let params: AgentPublish.Params
    let record: SessionRecord
    let history: SessionHistory
    let stateDirectory: String
    let settings: PublishSettings
    let access: GitRemoteAccess?
    let mirrors: MirrorStore
    let evidence: PublishEvidence

    /// What came of it.
    struct Outcome: Sendable {
        var result = AgentPublish.Result()
        var kind = PublishKind.branch
        var tree: String?
        var approved: [String]?
        /// Whether there is something new to tell.
        var isNew = false
        /// What went wrong after the branch was pushed.
        var failure: (any Error)?
        /// What is to be watched from now on; nil where no forge is known.
        var publication: Publication?

        func event(_ client: String) -> SessionPublished? {
            guard isNew else { return nil }
            return SessionPublished(
                kind: failure == nil ? kind : .branch, remote: result.remote, branch: result.branch, base: result.base,
                commit: result.commit, tree: tree, number: result.number, url: result.url, approved: approved,
                client: client)
        }
    }

    /// Of a reply, before base64.
    private static let maximumData = 8 << 20

    private var folder: String { PublishRecord.folder(stateDirectory: stateDirectory) }
    private var sessionObjects: String { "\(SessionRepository(stateDirectory: stateDirectory).path)/objects" }
    private var holder: String { "\(record.sessionId).publish" }

    func run() async throws -> Outcome {
        switch params.kind {
        case .patch: return try await patches()
        case .bundle where params.remote == nil && record.repository == nil: return try await folderBundle()
        case .branch, .changeRequest, .bundle: return try await published()
        }
    }

    // MARK: Patches and bundles

    private func patches() async throws -> Outcome {
        if let asked = try await asked(from: history.base.tree) { return asked }
        let repository = try await Background.run { [folder, sessionObjects] in
            try PublishRepository(folder, borrowing: [sessionObjects])
        }
        return try handedOut(try await repository.patches(of: history))
    }

    private func handedOut(_ bytes: [UInt8], branch: String? = nil, commit: ObjectID? = nil) throws -> Outcome {
        guard bytes.count <= Self.maximumData else { throw PublishError.tooLarge(bytes: Self.maximumData) }
        var outcome = Outcome(kind: params.kind, approved: params.approved, isNew: true)
        outcome.result.branch = branch
        outcome.result.commit = commit?.description
        outcome.result.data = Base64.encode(bytes)
        return outcome
    }

    /// On the commit that the user's own branch points at, whose objects are read in the user's folder.
    private func folderBundle() async throws -> Outcome {
        if let asked = try await asked(from: history.base.tree) { return asked }
        let (folder, sessionObjects, history, user) = (folder, sessionObjects, history, record.workspaceFolder)
        let (repository, parent, merged) = try await Background.run {
            guard let users = try? Repository.containing(user), let head = history.head.flatMap({ ObjectID(hex: $0) })
            else { throw PublishError.noRepository }
            let repository = try PublishRepository(
                folder, borrowing: [sessionObjects, users.commonDirectory + "objects"])
            let opened = try repository.open()
            guard opened.contains(head), let new = ObjectID(hex: history.tip.tree) else {
                throw PublishError.noRepository
            }
            let merged = try PublishMerge(
                from: ObjectID(hex: history.base.tree), to: new, onto: opened.commit(head).tree, in: opened)
            return (repository, head, merged)
        }
        guard merged.conflicts.isEmpty else {
            throw PublishError.conflicts(merged.conflicts, base: "the commit \(parent)")
        }
        let branch = try branchName(nil)
        let commit = try await commit(merged.tree, on: parent, in: repository, evidence)
        return try handedOut(
            try await repository.bundle(commit, as: branch, after: parent), branch: branch, commit: commit)
    }

    /// - Returns: what the user must approve first, of all that changed since a tree; nil when there is nothing.
    private func asked(from old: String) async throws -> Outcome? {
        let (sessionPath, new) = (SessionRepository(stateDirectory: stateDirectory).path, history.tip.tree)
        let paths = try await Background.run {
            try TreeEditor(Repository.open(sessionPath)).differences(ObjectID(hex: old), ObjectID(hex: new))
                .map { String(decoding: $0.path, as: UTF8.self) }
        }
        guard !paths.isEmpty else { throw PublishError.nothingChanged }
        return try asked(paths)
    }

    private func asked(_ paths: [String], _ choice: PublishChoice = PublishChoice()) throws -> Outcome? {
        var settings = settings
        settings.ask += choice.ask
        settings.deny += choice.deny
        let sorted = settings.sort(paths)
        guard sorted.deny.isEmpty else { throw PublishError.denied(sorted.deny) }
        let needed = sorted.ask.map { "path:\($0)" } + (evidence.isVerified ? [] : ["unverified"])
        let left = needed.filter { !(params.approved ?? []).contains($0) }
        guard !left.isEmpty else { return nil }
        var outcome = Outcome()
        outcome.result.needsApproval = left
        return outcome
    }

    private var title: String {
        let given = PublishText.line(params.title ?? record.title)
        return given.isEmpty ? "Work of the session \(record.sessionId)" : given
    }

    /// - Parameter rule: nil: nothing is pushed.
    private func branchName(_ rule: RemoteRule?) throws -> String {
        let name =
            params.branch
            ?? PublishText.branch(
                settings.branch, session: record.sessionId, title: title, user: record.user ?? "")
        let allowed = rule?.branches ?? ["*"]
        guard BranchName.isValid(name), allowed.contains(where: { WildcardPattern.matches($0, name) }) else {
            throw PublishError.branchRefused(name, allowed: allowed)
        }
        return name
    }

    private func commit(
        _ tree: ObjectID, on parent: ObjectID, in repository: PublishRepository, _ evidence: PublishEvidence
    ) async throws -> ObjectID {
        let committer = settings.committer.map { SessionHistory.Person(name: $0.name, email: $0.email) }
        return try await repository.commit(
            tree: tree, parent: parent,
            message: PublishText.message(
                title: title, session: record.sessionId, model: record.model, evidence: evidence),
            author: history.author, committer: committer ?? history.committer, time: currentMilliseconds(),
            signingKey: settings.signingKey)
    }

    // MARK: Remotes

    private struct Target: Sendable {
        var address: RemoteAddress
        var rule: RemoteRule
        var transport: GitTransport
    }

    private func target() async throws -> Target {
        guard let access else { throw PublishError.noRemote }
        func target(_ remote: String) throws -> Target {
            let (address, rule) = try access.resolve(remote)
            return Target(
                address: address, rule: rule,
                transport: GitTransport(address: address, rule: rule, secrets: access.secrets))
        }
        if let remote = params.remote ?? record.repository?.remote {
            let found = try target(remote)
            guard found.rule.push || params.kind == .bundle else {
                throw PublishError.notAllowed(remote: found.address.description)
            }
            return found
        }
        let folder = record.workspaceFolder
        let addresses = try await Background.run { WorkspaceRemotes.addresses(of: folder) }
        for address in addresses {
            if let found = try? target(RemoteAddress.withoutUser(address)), found.rule.push { return found }
        }
        throw PublishError.noRemote
    }

    private func published() async throws -> Outcome {
        let target = try await target()
        let outcome: Outcome
        do { outcome = try await published(target) } catch {
            await mirrors.release(holder)
            throw error
        }
        await mirrors.release(holder)
        return outcome
    }

    private func published(_ target: Target) async throws -> Outcome {
        let address = target.address.description
        let folder = folder
        var kept = try await Background.run { PublishRecord.load(folder) }
        if let intent = kept.intent {
            // A service before this one may have pushed it, and not come to say so.
            let there = try await head(of: intent.branch, target.transport, intent.remote == address)
            if there?.description == intent.commit { kept.published = intent }
            kept.intent = nil
        }
        let earlier = kept.published.flatMap { entry in
            entry.remote == address && (params.branch ?? entry.branch) == entry.branch ? entry : nil
        }
        let base = try await mirrors.fetch(
            address, ref: params.base ?? earlier?.base ?? target.rule.base ?? sessionBranch, holder: holder,
            through: target.transport)
        guard let baseName = base.name, baseName.hasPrefix("refs/heads/") else {
            throw PublishError.noBranch(params.base ?? record.repository?.ref ?? "HEAD")
        }
        let baseBranch = String(baseName.dropFirst("refs/heads/".count))
        var parent = base
        if let earlier {
            do {
                parent = try await mirrors.fetch(
                    address, ref: "refs/heads/\(earlier.branch)", holder: holder, through: target.transport)
            } catch MirrorStore.Failure.noSuchReference { throw PublishError.branchGone(earlier.branch) }
        }
        let branch = try earlier?.branch ?? branchName(target.rule)
        guard branch != baseBranch else { throw PublishError.branchRefused(branch, allowed: target.rule.branches) }
        let work = try await merge(onto: parent, base, earlier)
        if let earlier, let before = ObjectID(hex: earlier.commit) {
            guard try await work.repository.isAncestor(before, of: parent.commit) else {
                throw PublishError.branchRewritten(earlier.branch)
            }
        }
        if !work.merged.paths.isEmpty, let asked = try asked(work.merged.paths, work.choice) { return asked }
        guard work.merged.conflicts.isEmpty else {
            throw PublishError.conflicts(work.merged.conflicts, base: earlier == nil ? baseBranch : branch)
        }
        var outcome = Outcome(kind: params.kind, tree: work.merged.tree.description, approved: params.approved)
        var evidence = evidence
        if parent.tree.description != history.base.tree, evidence.gap == nil {
            evidence.gap =
                "What is published was merged with `\(PublishText.cell(baseBranch))`, which the checks have not seen."
        }
        var entry = PublishRecord.Entry(
            remote: address, branch: branch, base: baseBranch, commit: parent.commit.description,
            sessionTree: history.tip.tree, number: earlier?.number, url: earlier?.url)
        if work.merged.tree != parent.tree {
            let commit = try await commit(work.merged.tree, on: parent.commit, in: work.repository, evidence)
            entry.commit = commit.description
            if params.kind == .bundle {
                return try handedOut(
                    try await work.repository.bundle(commit, as: branch, after: parent.commit), branch: branch,
                    commit: commit)
            }
            kept.intent = entry
            try await save(kept)
            let access = try await target.transport.access()
            try await target.transport.explaining {
                try await work.repository.push(
                    commit, to: branch, expecting: earlier == nil ? nil : parent.commit, at: target.address, access)
            }
            outcome.isNew = true
        } else if earlier == nil || params.kind == .bundle {
            throw PublishError.nothingChanged
        }
        kept.intent = nil
        kept.published = entry
        try await save(kept)
        if params.kind == .changeRequest {
            do {
                let change = try await request(target, entry, work, evidence)
                outcome.isNew = outcome.isNew || change.isNew
                outcome.result.notes = change.notes.isEmpty ? nil : change.notes
                entry.number = change.number
                entry.url = change.url
                kept.published = entry
                try await save(kept)
            } catch {
                outcome.failure = error
            }
        }
        if target.rule.forge != nil {
            outcome.publication = Publication(
                remote: address, repository: target.address.path, branch: branch, commit: entry.commit,
                number: entry.number, url: entry.url)
        }
        outcome.result.remote = address
        outcome.result.branch = branch
        outcome.result.base = baseBranch
        outcome.result.commit = entry.commit
        outcome.result.number = entry.number
        outcome.result.url = entry.url
        return outcome
    }

    /// The branch that a session on a remote repository began with, if it was one.
    private var sessionBranch: String? {
        guard params.remote == nil || params.remote == record.repository?.remote, let ref = record.repository?.ref,
            ObjectID(hex: ref) == nil, !ref.hasPrefix("refs/tags/")
        else { return nil }
        return ref
    }

    private func head(of branch: String, _ transport: GitTransport, _ isSame: Bool) async throws -> ObjectID? {
        guard isSame else { return nil }
        let bytes = try await transport.references(of: transport.address.description)
        return RemoteReferences(parsing: bytes)?.resolve("refs/heads/\(branch)")?.commit
    }

    private struct Work: Sendable {
        var repository: PublishRepository
        var merged: PublishMerge
        var template: String?
        /// What the repository says on the branch that the change is for.
        var choice: PublishChoice
    }

    private func merge(
        onto parent: MirrorStore.Fetched, _ base: MirrorStore.Fetched, _ earlier: PublishRecord.Entry?
    ) async throws -> Work {
        let (folder, sessionObjects, history) = (folder, sessionObjects, history)
        return try await Background.run {
            let repository = try PublishRepository(
                folder, borrowing: [sessionObjects, "\(parent.repository)/objects"])
            let opened = try repository.open()
            guard let new = ObjectID(hex: history.tip.tree) else { throw PublishError.nothingChanged }
            let old = ObjectID(hex: earlier?.sessionTree ?? history.base.tree)
            let choice = try PublishTemplate.choice(in: base.tree, opened)
            return Work(
                repository: repository, merged: try PublishMerge(from: old, to: new, onto: parent.tree, in: opened),
                template: PublishTemplate.find(in: base.tree, opened, named: choice.template), choice: choice)
        }
    }

    private func save(_ kept: PublishRecord) async throws {
        let folder = folder
        try await Background.run { try kept.save(folder) }
    }

    private func request(
        _ target: Target, _ entry: PublishRecord.Entry, _ work: Work, _ evidence: PublishEvidence
    ) async throws -> PublishedChange {
        guard let access, let forge = try await access.secrets.forge(for: target.address, target.rule),
            let repository = RepositoryName(path: target.address.path)
        else { throw PublishError.noForge(target.address.description) }
        do {
            // One that was merged or closed is over: what comes later is a request of its own.
            let before: PublishedChange? =
                if let number = entry.number { try await forge.change(number, in: repository) } else { nil }
            let known = before?.state == .open ? before : nil
            var body = PublishText.body(
                params.body, template: work.template, prompt: record.title, evidence: evidence)
            if params.body == nil, let old = known?.body { body = PublishText.body(updating: old, evidence: evidence) }
            let change = ChangeRequest(
                repository: repository, sourceBranch: entry.branch, targetBranch: entry.base,
                title: params.title == nil ? known?.title ?? title : title, body: body,
                isDraft: params.draft ?? settings.draft,
                reviewers: settings.reviewers + work.choice.reviewers + (params.reviewers ?? []),
                labels: settings.labels + work.choice.labels + (params.labels ?? []), number: known?.number)
            let published = try await forge.openOrUpdate(change)
            await forge.shutdown()
            return published
        } catch {
            await forge.shutdown()
            throw error
        }
    }
}
