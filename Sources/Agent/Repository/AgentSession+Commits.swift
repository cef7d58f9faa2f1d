import AgentProtocol
import Sandbox
import Store
import Workspace

/// A step whose commit is to be made: kept from before its files are copied until the commit is told.
struct KeptCommit: Codable, Sendable {
    var step: Int
    /// Milliseconds since 1970.
    var time: Int
    /// First line of what was asked for.
    var prompt: String?
    var model: String
    /// What the checks proved so far, on whatever tree.
    var checks: [CheckEvidence]
}

extension KeptKey {
    /// The step whose commit is to be made.
    static let commit = "commit"
}

extension AgentSession {
    /// What the commit of a step that ends now is to say.
    func commitIntent(_ step: Int, _ checks: KeptChecks) -> KeptCommit {
        KeptCommit(
            step: step, time: currentMilliseconds(), prompt: keptTurn?.prompt,
            model: keptTurn?.answering ?? configuration.modelName, checks: Array(checks.latest.values))
    }

    /// Makes the commit of a step and tells it. The files must not change meanwhile by the model's doing.
    ///
    /// What fails here costs the step its commit: the next one holds its changes too.
    func commit(_ intent: KeptCommit, _ tracker: ChangeTracker) async {
        let repository = SessionRepository(stateDirectory: configuration.stateDirectory)
        steps.pass(intent.step)
        let event: AgentEvent?
        do {
            let work = try await tracker.state()
            let snapshot = tracker.snapshot
            let checks = intent.checks.filter { $0.treeHash == work.treeHash }
            let (subject, message) = CommitText.message(
                sessionId: configuration.sessionId, step: intent.step, prompt: intent.prompt, model: intent.model,
                checks: checks, treeHash: work.treeHash)
            let words = SessionRepository.Words(
                step: intent.step, time: intent.time, subject: subject, message: message)
            let limit = configuration.limits.resultFileBytes
            let (id, start) = (configuration.sessionId, startedAt)
            let user = SessionHistory.Person(
                name: configuration.user.isEmpty ? "unknown" : configuration.user, email: "")
            let committer = configuration.committer
            let made = try await Background.run {
                try repository.begin(id, snapshot, user: user, committer: committer, time: start)
                return try repository.commit(words, work.changes, snapshot, limit: limit)
            }
            event =
                made.files == 0
                ? nil
                : .stepCommitted(
                    StepCommitted(
                        step: made.step, commit: made.point.commit, parent: made.parent?.commit, tree: made.point.tree,
                        files: made.files))
        } catch {
            event = .commitFailed(CommitFailed(step: intent.step, reason: "\(error)"))
        }
        do {
            guard let event else { return try await log.keep([.gone(KeptKey.commit)]) }
            // With the number: a commit that was told is not made again as that of a later step.
            try await log.append(
                event, keeping: [.gone(KeptKey.commit), .value(KeptKey.steps, steps.kept)])
        } catch {
            // The log cannot be written, which fails the turn at its next event.
        }
    }

    /// Looks at the user's own repository, before anything else takes time: what the session's commits stand on. A
    /// repository that cannot be read costs the session no more than its first commit's parent.
    func prepareRepository(_ snapshot: WorkspaceSnapshot) async {
        let repository = SessionRepository(stateDirectory: configuration.stateDirectory)
        if let uploaded = snapshot.origin {
            try? await Background.run { try repository.prepare(uploaded: uploaded) }
            return
        }
        guard configuration.source == nil else { return }
        let (folder, environment) = (configuration.workspaceFolder, configuration.userEnvironment)
        let edited = Dictionary((configuration.start.documents ?? []).map { ($0.path, Array($0.text.utf8)) }) { $1 }
        try? await Background.run {
            try repository.prepare(folder: folder, snapshot, edited: edited, environment: environment)
        }
    }

    /// Makes the commit that a former service did not come to.
    func commitLeft(_ tracker: ChangeTracker) {
        guard let intent: KeptCommit = resumption.take(KeptKey.commit) else { return }
        steps.taking = Task {
            defer { steps.taking = nil }
            await self.commit(intent, tracker)
        }
    }

    /// The session's chain of commits begins with that of the step that it is forked from. Where that cannot be had, its
    /// first commit holds everything that is different from the base.
    func forkRepository(of point: ForkPoint) async {
        let repository = SessionRepository(stateDirectory: configuration.stateDirectory)
        let folder =
            configuration.stateDirectory.utf8.lastIndex(of: UInt8(ascii: "/"))
            .map { String(configuration.stateDirectory[..<$0]) } ?? ""
        let parent = SessionRepository(stateDirectory: "\(folder)/\(point.parent)")
        let id = configuration.sessionId
        try? await Background.run { try repository.fork(parent, at: point.line, as: id) }
    }

    /// Puts the session's reference to the step that it is at again.
    func moveRepository(to step: Int) async throws {
        let repository = SessionRepository(stateDirectory: configuration.stateDirectory)
        let line = steps.line(to: step)
        try await Background.run { try repository.goTo(line) }
    }
}
