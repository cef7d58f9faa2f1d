import AgentProtocol
import Models
import Sandbox
import Store
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension AgentSession {
    static let resumeReason = "the service had ended without warning and was started again"

    /// What was kept, back in place; nothing happens yet.
    func recall() {
        let session = resumption.take(KeptKey.session, as: KeptSession.self) ?? KeptSession()
        startedAt = resumption.take(KeptKey.start, as: KeptStart.self)?.startedAt ?? startedAt
        hasBooted = session.booted
        models.budget.restore(session.spent, warned: Set(session.warned ?? []))
        granted = Set(session.granted)
        pendingNotes = session.pendingNotes
        ending = session.ending
        chosenModel = session.model
        keptTurn = resumption.take(KeptKey.turn)
        recallWatch()
        for index in resumption.numbers("message/") {
            guard let json = resumption.takeJSON(KeptKey.message(index)), let message = try? ModelMessage(json: json)
            else { break }
            messages.append(message)
        }
        keptMessages = messages
        for position in resumption.numbers("call/") {
            keptCalls[position] = resumption.take(KeptKey.call(position))
            countItems(atLeast: keptCalls[position]?.items ?? 0)
        }
        var last = 0
        for number in resumption.numbers("prompt/") {
            last = number
            guard let prompt: QueuedPrompt = resumption.take(KeptKey.prompt(number)) else { continue }
            if prompt.steers, keptTurn != nil { steering.append(prompt) } else { queue.append(prompt) }
        }
        restore(session, prompts: last)
        recallSteps()
    }

    /// Finds the sandbox again and goes on, or ends the session with what became of it.
    func takeUp() async {
        if let ending {
            // It was ending already.
            _ = await configuration.driver.endOrphan(stateDirectory: configuration.stateDirectory)
            await commitLeftOnDisk()
            return await endResuming(reason: ending.reason, state: ending.state)
        }
        guard let frozen = resumption.take(KeptKey.frozen, as: KeptFrozen.self) else { return await bootAgain() }
        let directory = configuration.stateDirectory
        guard let snapshot = await keptSnapshot(frozen) else {
            _ = await configuration.driver.endOrphan(stateDirectory: directory)
            return await endResuming(reason: "the session's snapshot is lost", state: .failed)
        }
        if let begun: KeptRestore = resumption.take(KeptKey.restoring) {
            return await resumeRestore(begun.step, snapshot, frozen)
        }
        let sandbox: any Sandbox
        do {
            sandbox = try await configuration.driver.adopt(frozen.spec)
        } catch {
            let reason = (error as? SandboxError)?.reason ?? "\(error)"
            let lost = LostSandbox(spec: frozen.spec, driver: configuration.driver, reason: reason)
            return await lose(lost, snapshot, frozen)
        }
        do {
            let found = assemble(sandbox, snapshot, frozen)
            ready = found
            commitLeft(found.changes)
            await settleStep()
            guard state.isLive else { return }
            let void = try await cutItems()
            let background = await found.background.recall()
            let continued = resumption.names(KeptKey.exec("")) + background
            try await emit(
                .sessionResumed(
                    SessionResumed(reason: Self.resumeReason, voidItemIds: void, continuedItemIds: continued.sorted())))
            watch(found)
            try await openNetwork(found.policy)
            try await joinNetwork(sandbox)
            try await found.background.goOn()
            if !hasBooted { try await finishBoot(found, leftOut: frozen.leftOut) }
        } catch {
            await ready?.sandbox.stop()
            await network?.close()
            await endResuming(reason: "\(error)", state: error is CancellationError ? .stopped : .failed)
        }
    }

    private func keptSnapshot(_ frozen: KeptFrozen) async -> WorkspaceSnapshot? {
        let directory = configuration.stateDirectory
        return try? await Background.run {
            WorkspaceSnapshot(
                base: frozen.spec.base, manifest: Self.manifest(directory), treeHash: frozen.treeHash,
                leftOut: frozen.leftOut)
        }
    }

    /// The commit that a session had still to make when its service ended with it.
    private func commitLeftOnDisk() async {
        guard resumption.has(KeptKey.commit), let frozen = resumption.take(KeptKey.frozen, as: KeptFrozen.self),
            let snapshot = await keptSnapshot(frozen)
        else { return }
        let left = LostSandbox(spec: frozen.spec, driver: configuration.driver, reason: "it was ended")
        commitLeft(assemble(left, snapshot, frozen).changes)
        await settleStep()
    }

    static func manifest(_ directory: String) -> String { "\(directory)/manifest" }

    /// The sandbox was not ready when the service ended: it is begun anew.
    private func bootAgain() async {
        let directory = configuration.stateDirectory
        _ = await configuration.driver.endOrphan(stateDirectory: Self.setupDirectory(directory))
        _ = await configuration.driver.endOrphan(stateDirectory: directory)
        do {
            if let kept: KeptFork = resumption.take(KeptKey.forked) { return try await forkAgain(kept) }
            try await Background.run {
                try LocalDriver.discard(stateDirectory: directory)
                guard mkdir(directory, 0o700) == 0 else {
                    throw AgentError.configuration("cannot make \(directory): \(String(cString: strerror(errno)))")
                }
            }
            // Commands that prepared it are made again, as new items.
            let void = resumption.names(KeptKey.exec("")).sorted()
            for item in void { countItems(atLeast: Self.number(of: item)) }
            try await log.append(
                .sessionResumed(
                    SessionResumed(reason: "\(Self.resumeReason); the sandbox is made anew", voidItemIds: void)),
                keeping: void.flatMap { [.gone(KeptKey.exec($0)), .gone(KeptKey.output($0))] })
            if state.isLive { beginBoot() }
        } catch {
            await endResuming(reason: "\(error)", state: .failed)
        }
    }

    private static func number(of item: String) -> Int { item.split(separator: "-").last.flatMap { Int($0) } ?? 0 }

    /// Messages and reasoning of an answer that was cut. The answer is asked for again.
    private func cutItems() async throws -> [String] {
        guard let turn = keptTurn, !resumption.has(KeptKey.response) else { return [] }
        var void: [String] = []
        var after = turn.asked
        while after < (await log.seq) {
            for logged in try await log.events(afterSeq: after, limit: 500) {
                after = logged.seq
                let id: String
                switch try logged.event() {
                case .messageStarted(let event): id = event.itemId
                case .reasoningStarted(let event): id = event.itemId
                case .modelRetried(let event):
                    void.removeAll { event.voidItemIds.contains($0) }
                    continue
                case .modelSwitched(let event):
                    void.removeAll { event.voidItemIds.contains($0) }
                    continue
                default: continue
                }
                void.append(id)
                countItems(atLeast: Self.number(of: id))
            }
        }
        return void
    }

    /// The sandbox is gone: what ran in it is lost, what it left on disk is the result.
    private func lose(_ sandbox: LostSandbox, _ snapshot: WorkspaceSnapshot, _ frozen: KeptFrozen) async {
        let reason = "the sandbox was lost: \(sandbox.reason)"
        let left = assemble(sandbox, snapshot, frozen)
        ready = left
        commitLeft(left.changes)
        await settleStep()
        _ = await left.background.recall()
        try? await left.background.goOn()
        let answer = resumption.takeJSON(KeptKey.response).flatMap { try? ModelResponse(json: $0) }
        let calls = answer?.toolCalls ?? []
        for (position, kept) in keptCalls.sorted(by: { $0.key < $1.key }) where position < calls.count {
            guard kept.result == nil else { continue }
            let command = resumption.has(KeptKey.exec(kept.itemId)) ? CommandResult(lost: sandbox.reason) : nil
            try? await complete(calls[position], at: position, kept.itemId, CallEnd(.failed, reason, command))
        }
        if let turn = keptTurn { await fail(turn, reason: reason, left) }
        await endResuming(reason: reason, state: .failed)
    }
}

extension CommandResult {
    /// Of a command whose end nobody knows.
    init(lost reason: String) {
        self.init(status: .lost, message: reason, durationMilliseconds: 0, stdoutBytes: 0, stderrBytes: 0)
    }
}

extension SandboxError {
    /// Why, without what it means for the sandbox.
    fileprivate var reason: String {
        if case .lost(let reason) = self { return reason }
        return description
    }
}
