import AgentProtocol
import Diagnostics
import Forges
import Store

/// After a push: CI and reviewers are looked at from time to time, without a model, until there is nothing to wait for.
extension AgentSession {
    /// Jobs whose logs are read after a failure: the first ones mostly say what the others repeat.
    private static let mostReports = 5

    /// Seconds that a forge may ask for.
    private static let longestPause = 3600.0

    /// Bytes of the report on one job.
    private static let reportBytes = 6 << 10

    /// Diagnostics in one event.
    private static let mostDiagnostics = 1000

    /// The session was published: from here on the forge is watched. A publication of the same branch goes on with what
    /// is known of it.
    public func watch(_ publication: Publication) async throws {
        guard state.isLive, configuration.publications != nil, let settings = configuration.afterPush else { return }
        let now = currentMilliseconds()
        if var known = watching, known.publication.branch == publication.branch,
            known.publication.remote == publication.remote
        {
            known.pushed(publication, now: now)
            watching = known
        } else {
            watching = PublicationWatch(publication, settings, now: now)
        }
        guard var watch = watching else { return }
        let update = watch.update([], .none, nil)
        watch.told = update
        watching = watch
        try await log.append(.publicationUpdated(update), keeping: [.value(KeptKey.watch, watch)])
        startWatching()
    }

    /// Whether the forge is being watched: such a session is not idle, though it costs nothing.
    public var isWatching: Bool { watching != nil }

    /// Goes on with what a former service watched.
    func recallWatch() { watching = resumption.take(KeptKey.watch) }

    func startWatching() {
        guard watching != nil, publicationTask == nil, state.isLive, configuration.publications != nil else { return }
        publicationTask = Task { [weak self] in
            while !Task.isCancelled, let delay = await self?.watchDelay() {
                await self?.rest(delay)
                guard !Task.isCancelled else { break }
                await self?.look()
            }
            await self?.watchEnded()
        }
    }

    private func watchDelay() -> Duration? { state.isLive ? watching?.delay() : nil }

    /// Waits, or until a turn of the watch has ended.
    private func rest(_ delay: Duration) async {
        let sleep = Task { _ = try? await Task.sleep(for: delay) }
        publicationSleep = sleep
        await withTaskCancellationHandler {
            await sleep.value
        } onCancel: {
            sleep.cancel()
        }
    }

    /// What the turn did is pushed at once.
    func turnEndedForWatch() {
        if watching?.phase == .repairing { publicationSleep?.cancel() }
    }

    /// A publication that came meanwhile is watched by a task of its own.
    private func watchEnded() {
        publicationTask = nil
        startWatching()
    }

    /// Nobody looks any more.
    func stopWatching(_ reason: String) async {
        guard let watch = watching else { return }
        watching = nil
        let told = watch.told
        let update = watch.update(told?.jobs ?? [], told?.ci ?? .none, nil, watching: false, reason: reason)
        // A log that cannot be written ends the session with its next event.
        _ = try? await log.append(.publicationUpdated(update), keeping: [.gone(KeptKey.watch)])
        publicationTask?.cancel()
    }

    /// One look at the forge, and what follows from it.
    private func look() async {
        guard let watch = watching, state.isLive, let host = configuration.publications else { return }
        do {
            if watch.phase == .repairing { return try await endRepair(host) }
            guard let repository = RepositoryName(path: watch.publication.repository) else {
                return await stopWatching("the repository's name cannot be read")
            }
            let forge = try await host.forge(for: watch.publication)
            let change: PublishedChange? =
                if let number = watch.publication.number { try await forge.change(number, in: repository) } else { nil }
            let status = try await forge.status(of: watch.publication.commit, in: repository)
            try await saw(status, change, forge, repository)
        } catch is CancellationError {
        } catch {
            await lookFailed(error)
        }
    }

    private func lookFailed(_ error: any Error) async {
        guard var watch = watching else { return }
        watch.failures += 1
        watch.pause = nil
        if case .rateLimited(let delay?, _)? = error as? ForgeError {
            watch.pause = min(delay / .seconds(1), Self.longestPause)
        }
        watching = watch
        let isTransient = (error as? ForgeError)?.isTransient ?? !(error is PublicationRefused)
        if !isTransient || watch.failures >= PublicationWatch.mostFailures || watch.isOver(now: currentMilliseconds()) {
            let what = watch.phase == .repairing ? "the repair could not be pushed" : "the forge could not be asked"
            await stopWatching("\(what): \(error)")
        }
    }

    private func saw(
        _ status: PipelineStatus, _ change: PublishedChange?, _ forge: any Forge, _ repository: RepositoryName
    ) async throws {
        // It may have been published again, or stopped, while the forge was asked.
        guard var watch = watching, watch.publication.commit == status.commit else { return }
        watch.failures = 0
        watch.pause = nil
        let before = watch
        let update = watch.update(status, change)
        // The user's own turn comes first; what is seen now is seen then.
        let step = isBusy ? .none : watch.step(status, change, now: currentMilliseconds())
        watching = watch
        if let update {
            try await log.append(.publicationUpdated(update), keeping: [.value(KeptKey.watch, watch)])
        } else if watch.phase != before.phase {
            try await log.keep([.value(KeptKey.watch, watch)])
        }
        switch step {
        case .none: break
        case .end(let reason): return await stopWatching(reason)
        case .clear:
            try await clear()
            if case .end = watch.ending() { return await stopWatching("CI passed") }
        case .report(let jobs):
            if try await report(jobs, forge, repository) { return }
            if case .end = watch.ending() { return await stopWatching("CI failed, and no repair is left") }
        }
        guard !isBusy, watching?.phase != .repairing else { return }
        try await readComments(forge, repository)
    }

    /// What CI found before is gone.
    private func clear() async throws {
        guard var watch = watching else { return }
        let shown = watch.shown
        watch.shown = [:]
        watching = watch
        for (check, count) in shown.sorted(by: { $0.key < $1.key }) {
            try await log.append(
                .diagnosticsUpdated(
                    DiagnosticsUpdated(check: check, diagnostics: [], total: 0, new: 0, fixed: count, remaining: 0)),
                keeping: [.value(KeptKey.watch, watch)])
        }
    }

    /// Tells of failed jobs, and lets the model mend them where that is allowed.
    /// - Returns: whether it does.
    private func report(
        _ jobs: [PipelineJob], _ forge: any Forge, _ repository: RepositoryName
    ) async throws -> Bool {
        guard let ready else { return false }
        var texts: [String] = []
        // A matrix has jobs of one name.
        var names: [String: Int] = [:]
        for job in jobs.prefix(Self.mostReports) {
            let name = "ci: \(job.name.prefix(80))"
            let count = names[name, default: 0] + 1
            names[name] = count
            let check = count == 1 ? name : "\(name) (\(count))"
            let log: JobLog?
            // A log that cannot be had, as it is too long perhaps, must not hide the others.
            do { log = try await forge.log(of: job, in: repository) } catch let error as ForgeError {
                guard !error.isTransient else { throw error }
                log = nil
            }
            texts.append(try await report(job, as: check, log, forge.kind, repository, ready))
        }
        guard var watch = watching, watch.rounds < watch.settings.repairRounds, !isBusy, state.isLive else {
            return false
        }
        watch.rounds += 1
        try await begin(
            WatchPrompt.repair(watch.publication, texts, round: watch.rounds, of: watch.settings.repairRounds), watch)
        return true
    }

    /// The diagnostics of a job's log as an event, and the text that the model reads.
    private func report(
        _ job: PipelineJob, as check: String, _ log: JobLog?, _ kind: ForgeKind, _ repository: RepositoryName,
        _ ready: Ready
    ) async throws -> String {
        let bytes = PipelineLog.clean(log?.bytes ?? Array((job.summary ?? "").utf8))
        let root = PipelineLog.root(bytes, kind, repository)
        let tree = try await ready.changes.state()
        let lines = SourceLines(state: tree, snapshot: ready.snapshot)
        let parsed = DiagnosticParsing.parse(
            CheckOutput(command: [], stdout: bytes, stderr: [], workingDirectory: root, workspaceRoot: root),
            sourceLine: lines.line, filesNamed: lines.filesNamed)
        let shown = lines.quoted(parsed.diagnostics.prefix(Self.mostDiagnostics))
        let total = parsed.diagnostics.count
        if var watch = watching {
            watch.shown[check] = total
            watching = watch
            try await self.log.append(
                .diagnosticsUpdated(
                    DiagnosticsUpdated(
                        check: check, diagnostics: shown, changes: lines.changes(for: shown), total: total, new: total,
                        fixed: 0, remaining: 0)),
                keeping: [.value(KeptKey.watch, watch)])
        }
        return DiagnosticReport.text(
            check: check, passed: false, diagnostics: parsed.diagnostics, unparsed: parsed.unparsed,
            sourceLine: lines.line, maximumBytes: Self.reportBytes)
    }

    private func readComments(_ forge: any Forge, _ repository: RepositoryName) async throws {
        guard let number = watching?.publication.number, let settings = watching?.settings.comments else { return }
        let comments = try await forge.comments(on: number, in: repository, since: watching?.commentsSince)
        guard var watch = watching, !isBusy, state.isLive else { return }
        let fresh = watch.take(comments)
        guard !fresh.isEmpty else { return }
        let hasRoom = watch.commentRounds < settings.rounds
        let allowed = hasRoom ? fresh.filter(settings.allows) : []
        watching = watch
        for comment in fresh {
            try await log.append(
                .commentReceived(CommentReceived(comment, prompted: allowed.contains(comment))),
                keeping: [.value(KeptKey.watch, watch)])
        }
        guard !allowed.isEmpty else { return }
        watch.commentRounds += 1
        try await begin(WatchPrompt.comments(watch.publication, allowed), watch)
    }

    /// A prompt of the watch, kept together with that it was given.
    private func begin(_ text: String, _ watch: PublicationWatch) async throws {
        var watch = watch
        let prompt = newPrompt(text)
        watch.work = .init(prompt: prompt.number, returnsTo: watch.phase)
        watch.phase = .repairing
        watching = watch
        try await log.append(
            .promptReceived(PromptReceived(text: text, delivery: .queue)),
            keeping: [.value(KeptKey.prompt(prompt.number), prompt), .value(KeptKey.watch, watch)])
        queue.append(prompt)
        startNextTurn()
    }

    /// A turn has ended.
    /// - Returns: what is to be kept, where it was one of the watch.
    func workEnded(_ turn: KeptTurn, _ outcome: TurnOutcome, tree: String?) throws -> [KeptChange] {
        guard var watch = watching, let number = turn.number, watch.work?.prompt == number else { return [] }
        watch.work?.outcome = outcome
        watch.work?.tree = tree
        watching = watch
        return [try .value(KeptKey.watch, watch)]
    }

    /// The turn on a prompt of the watch has ended: what it verified is pushed, anything else is left to people.
    private func endRepair(_ host: any PublicationHost) async throws {
        guard let watch = watching, !isBusy, let ready else { return }
        switch watch.work?.outcome {
        case .verified:
            // What the user has done since is the user's to publish.
            guard try await ready.changes.state().treeHash == watch.work?.tree else {
                return await stopWatching("the session has gone on since; publish it when it is ready")
            }
            let publication: Publication
            do {
                publication = try await host.publishAgain(watch.publication, session: configuration.sessionId)
            } catch let error as PublicationRefused {
                return await stopWatching("the repair could not be pushed: \(error)")
            }
            guard watching != nil else { return }
            if publication.commit != watch.publication.commit { return try await self.watch(publication) }
            try await nothingRepaired()
        case .answered:
            try await nothingRepaired()
        default:
            await stopWatching("the repair was not verified")
        }
    }

    /// The model left the files as they were, and says why in its message: asking it again would change nothing.
    private func nothingRepaired() async throws {
        guard var watch = watching else { return }
        watch.phase = watch.work?.returnsTo ?? .settled
        watch.work = nil
        watching = watch
        try await log.keep([.value(KeptKey.watch, watch)])
        guard watch.phase == .settled else { return }
        if case .end(let reason) = watch.ending("the model changed nothing") { await stopWatching(reason) }
    }
}

extension CommentReceived {
    init(_ comment: ReviewComment, prompted: Bool) {
        self.init(
            id: comment.id, author: comment.author, association: comment.association.rawValue,
            body: HeadTailBuffer.capped(comment.body, limit: WatchPrompt.commentBytes), path: comment.path,
            line: comment.line, url: comment.url, prompted: prompted)
    }
}
