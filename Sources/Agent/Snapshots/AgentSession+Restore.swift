import AgentProtocol
import Policy
import Sandbox
import Store
import Workspace

extension AgentSession {
    /// Sets files and conversation back to a step, or forward again. What runs is ended first.
    /// - Returns: the sequence number of the event that says so.
    /// - Throws: `AgentError` when the session is over or still starting, or there is no such step.
    public func restore(_ params: AgentRestore.Params) async throws -> Int {
        await settleResume()
        guard state.isLive else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        guard ready != nil, hasBooted else { throw AgentError.busy("the session is still starting") }
        guard !steps.isRestoring else { throw AgentError.busy("the session is being set back already") }
        steps.isRestoring = true
        let work = Task { try await self.restoreNow(params.step) }
        // `stop` waits for it: a sandbox that is made must not be left behind.
        steps.restoring = Task { _ = await work.result }
        defer {
            steps.restoring = nil
            steps.isRestoring = false
            startNextTurn()
        }
        return try await work.value
    }

    /// What the session was at a step that can be gone back to.
    func available(_ step: Int) async throws -> (state: StepState, store: SnapshotStore) {
        await settleStep()
        let target = try steps.state(at: step)
        let store = try await snapshotStore()
        guard try await Background.run({ store.steps.contains(step) }) else {
            throw AgentError.invalidParams("the files of step \(step) were given up to make room for later ones")
        }
        return (target, store)
    }

    private func restoreNow(_ step: Int) async throws -> Int {
        _ = try await available(step)
        await cancel()
        await turnTask?.value
        // The turn's own last step.
        let (target, store) = try await available(step)
        guard state.isLive, let ready else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        try await log.keep([.value(KeptKey.restoring, KeptRestore(step: step))])
        await setState(.starting, reason: "going back to step \(step)")
        watchTask?.cancel()
        await ready.background.endAll()
        await ready.sandbox.stop()
        do {
            let made = try await configuration.driver.create(
                ready.frozen.spec.joined(to: network), from: SnapshotSource(store: store, step: step))
            return try await goOn(at: step, target, in: made, ready.snapshot, ready.frozen)
        } catch let error as SandboxError {
            try await goOnUnrestored(ready)
            throw AgentError.configuration("step \(step) could not be restored: \(error)")
        } catch {
            // Neither here nor there. Not from here: `stop` waits for this.
            Task { await self.stop(reason: "going back to step \(step) failed: \(error)", state: .failed) }
            throw error
        }
    }

    /// The session in its new sandbox, as it was at the step.
    private func goOn(
        at step: Int, _ target: StepState, in sandbox: any Sandbox, _ snapshot: WorkspaceSnapshot,
        _ frozen: KeptFrozen
    ) async throws -> Int {
        let before = ready
        let fresh = assemble(sandbox, snapshot, frozen)
        ready = fresh
        guard state.isLive else {
            // `stop` ends the sandbox that it finds.
            throw AgentError.notLive("the session is over (\(state.rawValue))")
        }
        messages = target.messages
        pendingNotes = target.notes
        callResults = [:]
        setOutcome(nil)
        var changes = await fresh.changes.takeOver(products: target.products, touched: target.touched)
        changes += try await fresh.checks.takeOver(target.checks, baseline: await before?.checks.baseline ?? [:])
        steps.goTo(step, target)
        do { try await moveRepository(to: step) } catch {
            // The files are what counts: the next commit holds all in which they differ from the one before it.
            try await emit(.commitFailed(CommitFailed(step: step, reason: "\(error)")))
        }
        try await joinNetwork(sandbox)
        let seq = try await log.append(
            .sessionRestored(SessionRestored(step: step)),
            keeping: try askChanges() + changes + [
                .value(KeptKey.steps, steps.kept), .gone(KeptKey.restoring), .gone(KeptKey.turn),
            ])
        watch(fresh)
        await keepResult()
        await setState(.idle)
        return seq
    }

    /// The step's files could not be had: the session goes on with those that it has.
    private func goOnUnrestored(_ old: Ready) async throws {
        do {
            let again = try await configuration.driver.create(old.frozen.spec.joined(to: network))
            let fresh = assemble(again, old.snapshot, old.frozen)
            let (products, touched) = await old.changes.marks
            ready = fresh
            var changes = await fresh.changes.takeOver(products: products, touched: touched)
            changes += try await fresh.checks.takeOver(await old.checks.kept, baseline: await old.checks.baseline)
            try await joinNetwork(again)
            try await log.keep(changes + [.gone(KeptKey.restoring)])
            watch(fresh)
            await setState(.idle)
        } catch {
            // Not from here: `stop` waits for this.
            Task { await self.stop(reason: "the sandbox could not be started again: \(error)", state: .failed) }
        }
    }

    /// Goes on with a way back that a former service began.
    func resumeRestore(_ step: Int, _ snapshot: WorkspaceSnapshot, _ frozen: KeptFrozen) async {
        _ = await configuration.driver.endOrphan(stateDirectory: configuration.stateDirectory)
        do {
            let (target, store) = try await available(step)
            try await openNetwork(EffectivePolicy(layers: frozen.policyLayers))
            let made = try await configuration.driver.create(
                frozen.spec.joined(to: network), from: SnapshotSource(store: store, step: step))
            // It takes over the baseline that was kept.
            ready = assemble(made, snapshot, frozen)
            try await emit(.sessionResumed(SessionResumed(reason: Self.resumeReason)))
            _ = try await goOn(at: step, target, in: made, snapshot, frozen)
        } catch {
            await ready?.sandbox.stop()
            await endResuming(reason: "step \(step) could not be restored: \(error)", state: .failed)
        }
    }
}
