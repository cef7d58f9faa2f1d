import AgentProtocol
import Policy
import Sandbox
import Store
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension AgentSession {
    /// What a session begins with that is forked from this one, which goes on undisturbed.
    /// - Parameters:
    ///   - step: nil: the newest.
    ///   - directory: folder of the new session, which gets the step's files.
    /// - Throws: `AgentError` when the session is over or still starting, or there is no such step.
    public func forkPoint(step: Int?, into directory: String) async throws -> ForkPoint {
        await settleResume()
        guard state.isLive else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        guard let ready, hasBooted else { throw AgentError.busy("the session is still starting") }
        await settleStep()
        guard let step = step ?? steps.current else {
            throw AgentError.invalidParams("there is no snapshot of the session yet")
        }
        let (target, store) = try await available(step)
        let manifest = Self.manifest(configuration.stateDirectory)
        let limits = configuration.limits.snapshots
        try await Background.run {
            let own = try SnapshotStore(directory: Self.snapshots(directory), limits: limits)
            try own.adopt(step, of: store, as: 0)
            // Neither is ever written to.
            guard link(manifest, Self.manifest(directory)) == 0 else {
                throw AgentError.configuration("cannot make the list of files: \(String(cString: strerror(errno)))")
            }
        }
        return ForkPoint(
            parent: configuration.sessionId, parentStep: step, start: configuration.start, limits: configuration.limits,
            resources: configuration.resources, temporaryBytes: configuration.temporaryBytes, snapshot: ready.snapshot,
            frozen: ready.frozen,
            state: target, network: await network?.narrowing ?? NetworkChange(), baseline: await ready.checks.baseline,
            step: 0, line: steps.line(to: step))
    }

    /// Begins as another session was at a step; returns at once. Without a prompt the session waits for one.
    public func start(from point: ForkPoint) async throws {
        fork = point
        messages = point.state.messages
        pendingNotes = point.state.notes
        let step = steps.begin()
        let record = steps.change(to: point.state)
        steps.add(step, record, point.state)
        let prompt =
            configuration.start.prompt.allSatisfy(\.isWhitespace)
            ? nil : newPrompt(SystemPrompt.user(configuration.start.prompt, configuration.start.context))
        try await log.append(
            .sessionStatus(SessionStatusEvent(state: .starting)),
            keeping: [.value(KeptKey.start, KeptStart(configuration, startedAt: startedAt))]
                + [
                    .value(KeptKey.forked, KeptFork(point)), .value(KeptKey.step(step), record),
                    .value(KeptKey.steps, steps.kept),
                ]
                + (try prompt.map { [try .value(KeptKey.prompt($0.number), $0)] } ?? [])
                + (try askChanges()))
        try await emit(.sessionForked(SessionForked(from: point.parent, step: point.parentStep)))
        if let prompt { queue.append(prompt) }
        startClock()
        beginBoot()
    }

    /// Begins again as another session was at a step: the service ended before the sandbox was there.
    func forkAgain(_ kept: KeptFork) async throws {
        let directory = configuration.stateDirectory
        let snapshot = try await Background.run {
            WorkspaceSnapshot(
                base: kept.frozen.spec.base, manifest: Self.manifest(directory), treeHash: kept.frozen.treeHash,
                leftOut: kept.frozen.leftOut)
        }
        guard let snapshot else { throw AgentError.configuration("the session's snapshot is lost") }
        fork = ForkPoint(
            parent: kept.parent, parentStep: kept.parentStep, start: configuration.start,
            limits: configuration.limits, resources: configuration.resources,
            temporaryBytes: configuration.temporaryBytes, snapshot: snapshot, frozen: kept.frozen,
            state: try steps.state(at: kept.step), network: kept.network, baseline: kept.baseline, step: kept.step,
            line: kept.line ?? [kept.parentStep])
        try await emit(.sessionResumed(SessionResumed(reason: "\(Self.resumeReason); the sandbox is made anew")))
        if state.isLive { beginBoot() }
    }

    /// Makes the sandbox of a forked session.
    func boot(from point: ForkPoint) async {
        var sandbox: (any Sandbox)?
        do {
            try await openNetwork(EffectivePolicy(layers: point.frozen.policyLayers), narrowing: point.network)
            let frozen = frozen(from: point)
            let store = try await snapshotStore()
            let made = try await configuration.driver.create(
                frozen.spec, from: SnapshotSource(store: store, step: point.step))
            sandbox = made
            try await joinNetwork(made)
            let ready = assemble(made, point.snapshot, frozen)
            var changes = await ready.changes.takeOver(
                products: point.state.products, touched: point.state.touched)
            changes += try await ready.checks.takeOver(point.state.checks, baseline: point.baseline)
            await forkRepository(of: point)
            hasBooted = true
            fork = nil
            try await log.keep([.value(KeptKey.frozen, frozen), .gone(KeptKey.forked)] + changes + sessionChanges())
            if let record = steps.records[point.step] {
                try await emit(point.step, record, SnapshotReport(changedFiles: 0, bytes: 0, isConsistent: true))
            }
            try Task.checkCancellation()
            await setState(queue.isEmpty ? .idle : .running)
            await booted(ready)
        } catch {
            await sandbox?.stop()
            await booted(nil)
            let reason = error is CancellationError ? "cancelled while it was starting" : "\(error)"
            await stop(reason: reason, state: error is CancellationError ? .stopped : .failed)
        }
    }

    /// What was decided for the other session holds, but for what is this one's own.
    private func frozen(from point: ForkPoint) -> KeptFrozen {
        var frozen = point.frozen
        frozen.spec.id = configuration.sessionId
        frozen.spec.stateDirectory = configuration.stateDirectory
        frozen.spec.egress = false
        frozen.spec.networkDirectory = nil
        frozen.spec = frozen.spec.joined(to: network)
        return frozen
    }
}
