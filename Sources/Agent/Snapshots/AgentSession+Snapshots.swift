import AgentProtocol
import Sandbox
import Store

extension AgentSession {
    /// Begins to keep the session as it is now as a step. The files are copied while the model is asked;
    /// ``settleStep()`` comes before anything may change them.
    func takeStep(of ready: Ready) async {
        await settleStep()
        guard ready.sandbox.takesSnapshots, state.isLive else { return }
        let (products, touched) = await ready.changes.marks
        let now = StepState(
            messages: messages, notes: pendingNotes, products: products, touched: touched,
            checks: await ready.checks.kept)
        // A service that was killed may have taken a snapshot that the log does not know.
        if let last = try? await snapshotStore().steps.last { steps.pass(last) }
        let step = steps.begin()
        let record = steps.change(to: now)
        let intent = commitIntent(step, now.checks)
        steps.taking = Task {
            defer { steps.taking = nil }
            await self.take(step, record, now, intent, ready.sandbox)
            await self.commit(intent, ready.changes)
        }
    }

    /// Waits until no snapshot is being taken.
    func settleStep() async {
        await steps.taking?.value
    }

    /// The copy of the files. With what it comes to, it is kept that the step is to have its commit.
    private func take(
        _ step: Int, _ record: KeptStep, _ now: StepState, _ intent: KeptCommit, _ sandbox: any Sandbox
    ) async {
        do {
            let kept = [try KeptChange.value(KeptKey.commit, intent)]
            let store = try await snapshotStore()
            let report = try await sandbox.snapshot(step, into: store)
            steps.add(step, record, now)
            try await emit(step, record, report, keeping: kept)
        } catch let error as SandboxError {
            // The session goes on: it can be set back to the steps before.
            let reason = if case .snapshotFailed(let text) = error { text } else { error.description }
            let kept = (try? [KeptChange.value(KeptKey.commit, intent), .value(KeptKey.steps, steps.kept)]) ?? []
            _ = try? await log.append(.snapshotFailed(SnapshotFailed(step: step, reason: reason)), keeping: kept)
        } catch {
            // The log cannot be written, which fails the turn at its next event.
        }
    }

    func emit(
        _ step: Int, _ record: KeptStep, _ report: SnapshotReport, keeping changes: [KeptChange] = []
    ) async throws {
        try await log.append(
            .snapshotTaken(
                SnapshotTaken(
                    step: step, parent: record.parent, changedFiles: report.changedFiles, bytes: report.bytes,
                    consistent: report.isConsistent,
                    removedSteps: report.removedSteps.isEmpty ? nil : report.removedSteps)),
            keeping: changes + [.value(KeptKey.step(step), record), .value(KeptKey.steps, steps.kept)])
    }

    /// Opened with its first use.
    func snapshotStore() async throws -> SnapshotStore {
        if let store = steps.store { return store }
        let directory = Self.snapshots(configuration.stateDirectory)
        let limits = configuration.limits.snapshots
        let store = try await Background.run { try SnapshotStore(directory: directory, limits: limits) }
        // Another call may have been faster.
        if let store = steps.store { return store }
        steps.store = store
        return store
    }

    static func snapshots(_ directory: String) -> String { "\(directory)/snapshots" }

    /// What a former service kept of the steps.
    func recallSteps() {
        var records: [Int: KeptStep] = [:]
        for number in resumption.numbers(KeptKey.stepPrefix) { records[number] = resumption.take(KeptKey.step(number)) }
        guard let kept: KeptSteps = resumption.take(KeptKey.steps) else { return }
        steps.recall(records, kept)
    }
}

extension KeptKey {
    static let steps = "steps"
    /// A way back that was begun.
    static let restoring = "restoring"
    static let stepPrefix = "step/"
    /// The session is being made from a step of another one.
    static let forked = "forked"

    static func step(_ number: Int) -> String { "\(stepPrefix)\(number)" }
}
