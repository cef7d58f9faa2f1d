import AgentProtocol
import Models
import Sandbox

extension AgentSession {
    /// How a turn's loop came to its end.
    private struct Ending {
        var outcome: TurnOutcome
        var reason: String
        var evidence: [CheckEvidence] = []
        var findings: [GateFinding] = []
    }

    /// Works on one prompt until the checks agree, a limit is met, or someone ends it.
    func runTurn(_ prompt: QueuedPrompt) async {
        guard let ready else { return }
        let loop = LoopGuard(configuration.limits)
        if prompt.keepsModel == true, let model = prompt.model { chosenModel = model }
        let id = newTurn()
        let meter = TurnMeter(turnNumber, turnLimit, now: .now)
        models.budget.begin(meter)
        let turn = KeptTurn(
            id: id, loop: loop.kept(meter), gateFailures: 0, asked: 0,
            prompt: CommitText.firstLine(prompt.text), number: prompt.number, model: prompt.model ?? chosenModel)
        await run(turn, loop, ready) {
            await setState(.running)
            let model = try await models.beginTurn(loopRole, choice: turn.model)
            keptTurn = turn
            keptTurn?.answering = model
            spentPrompts.append(prompt.number)
            record(prompt, steers: false)
            if turnNumber == 1 { askForTitle(configuration.start.prompt) }
            let pictures = try PromptPictures(prompt.images)
            appendToUser(
                pictures.blocks + [.text(([prompt.text] + pendingNotes).joined(separator: "\n\n"))])
            pendingNotes.removeAll()
            try await log.append(
                .turnStarted(
                    TurnStarted(turnId: turn.id, prompt: prompt.text, model: model, images: pictures.summaries)),
                keeping: try askChanges())
        }
    }

    /// Goes on with a turn that a former service began.
    func resumeTurn(_ turn: KeptTurn, _ ready: Ready) async {
        let loop = LoopGuard(configuration.limits, kept: turn.loop)
        models.budget.begin(TurnMeter(turnNumber, turnLimit, now: .now, kept: turn.loop))
        await models.resumeTurn(loopRole, choice: turn.model, answering: turn.answering)
        await run(turn, loop, ready) { await setState(.running) }
    }

    /// Ends a turn that a former service began and whose sandbox is gone.
    func fail(_ turn: KeptTurn, reason: String, _ ready: Ready) async {
        models.budget.begin(TurnMeter(turnNumber, turnLimit, now: .now, kept: turn.loop))
        await end(turn, Ending(outcome: .failed, reason: reason), ready)
    }

    /// What the loop asks of models.
    var loopRole: ModelRole { configuration.start.mode == .plan ? .plan : .edit }

    private func run(
        _ turn: KeptTurn, _ loop: LoopGuard, _ ready: Ready, begin: () async throws -> Void
    ) async {
        var loop = loop
        let ending: Ending
        do {
            await ready.background.beginTurn(turnNumber)
            try await begin()
            startTurnClock()
            ending = try await work(ready, &loop, gateFailures: turn.gateFailures)
        } catch let spent as BudgetSpent {
            ending = Ending(outcome: .limit, reason: spent.reason)
        } catch is CancellationError where cutReason != nil && state.isLive && keptTurn?.cancelled != true {
            ending = Ending(outcome: .limit, reason: cutReason ?? "")
        } catch is CancellationError {
            await ready.background.endAll(ofTurn: turnNumber)
            ending = Ending(outcome: cancelOutcome, reason: endReason ?? "cancelled")
        } catch {
            ending = Ending(outcome: .failed, reason: "\(error)")
        }
        stopTurnClock()
        await end(turn, ending, ready)
    }

    private var cancelOutcome: TurnOutcome {
        if isOutOfTime { return .limit }
        return state == .failed ? .failed : .cancelled
    }

    private func end(_ turn: KeptTurn, _ ending: Ending, _ ready: Ready) async {
        var ending = ending
        await closeOpenCalls(reason: ending.reason, ready)
        let tree = try? await ready.changes.state()
        await keepResult()
        if ending.outcome == .verified, ending.evidence.contains(where: { $0.treeHash != tree?.treeHash }) {
            ending.outcome = .unverified
            ending.reason = "files changed after the checks had run"
        }
        if let tree { await review(&ending, tree, ready) }
        if let leftOut = tree?.leftOut, !leftOut.isEmpty {
            ending.reason += "; not part of the result: \(leftOut.prefix(5).joined(separator: ", "))"
        }
        setOutcome(ending.outcome)
        await takeStep(of: ready)
        await settleStep()
        // What its background commands ask from here on is not the turn's.
        let work = models.budget.charge()
        let meter = models.budget.endTurn()
        do {
            try await log.append(
                .turnCompleted(
                    TurnCompleted(
                        turnId: turn.id, outcome: ending.outcome, reason: ending.reason, evidence: ending.evidence,
                        gateFindings: ending.findings.isEmpty ? nil : ending.findings, treeHash: tree?.treeHash,
                        changedFiles: tree?.changes.map(\.path) ?? [], steps: meter?.spent.steps ?? 0,
                        durationMilliseconds: meter?.clock.elapsed(now: .now).milliseconds ?? 0)),
                keeping: try await turnEndChanges()
                    + workEnded(turn, ending.outcome, tree: tree?.treeHash), working: work)
        } catch {
            // The log cannot be written: a session without a record does not go on.
            Task { await self.stop(reason: "\(error)", state: .failed) }
        }
        await tellObserver()
    }

    /// Nothing is verified past what speaks against it, on the very tree that is handed over.
    private func review(_ ending: inout Ending, _ tree: ChangeTracker.State, _ ready: Ready) async {
        switch ending.outcome {
        case .answered, .cancelled, .failed: return
        case .limit, .unverified, .verified: break
        }
        do {
            ending.findings = try await gateFindings(ready, tree, ending.evidence)
        } catch {
            guard ending.outcome == .verified else { return }
            ending.outcome = .unverified
            ending.reason = "the change could not be looked at: \(error)"
        }
        if ending.outcome == .verified, !ending.findings.isEmpty {
            ending.outcome = .unverified
            ending.reason = GateFeedback.reason(ending.findings)
        }
    }

    private func work(_ ready: Ready, _ loop: inout LoopGuard, gateFailures failures: Int) async throws -> Ending {
        var gateFailures = failures
        while true {
            try Task.checkCancellation()
            let response: ModelResponse
            if let json = resumption.takeJSON(KeptKey.response) {
                // The answer came before the service ended.
                response = try ModelResponse(json: json)
            } else {
                if let reason = try await models.budget.reasonToStop() {
                    return Ending(outcome: .limit, reason: reason)
                }
                try await takeRecordedSteering()
                await takeSteering()
                keptTurn?.loop = loop.kept(models.budget.turn)
                keptTurn?.gateFailures = gateFailures
                keptTurn?.asked = await log.seq
                try await log.keep(try askChanges())
                response = try await step(ready)
            }
            loop.answered(step: models.budget.turn?.spent.steps ?? 0)
            let calls = response.toolCalls
            if !calls.isEmpty {
                gateFailures = 0
                if let ending = try await execute(calls, ready, &loop) { return ending }
                await takeStep(of: ready)
                continue
            }
            if response.stopReason == .refusal {
                return Ending(outcome: .failed, reason: "the model refused: \(response.text)")
            }
            try await takeRecordedSteering()
            if !steering.isEmpty { continue }
            if response.stopReason == .maximumTokens {
                appendToUser([.text("Your answer was cut at the output limit. Go on from where it ended.")])
                continue
            }
            await settleStep()
            switch try await gate(ready) {
            case .ended(let ending):
                return ending
            case .doubted(let ending, let findings):
                if keptTurn?.isDoubtTold == true { return ending }
                keptTurn?.isDoubtTold = true
                appendToUser([.text(GateFeedback.text(findings))])
            case .failed(let round):
                gateFailures += 1
                if gateFailures >= configuration.limits.gateRounds {
                    return Ending(
                        outcome: .unverified, reason: failureReason(round), evidence: round.evidence)
                }
                appendToUser([.text("The work is not done: \(failureReason(round)).\n\n\(round.report)")])
            }
        }
    }

    private enum GateResult {
        case ended(Ending)
        /// The checks pass; the findings were not told to the model yet, perhaps.
        case doubted(Ending, [GateFinding])
        case failed(CheckRunner.Round)
    }

    /// Done means verified: every required check passed on the exact tree that is handed over.
    private func gate(_ ready: Ready) async throws -> GateResult {
        let work = try await ready.changes.state()
        if work.changes.isEmpty {
            return .ended(Ending(outcome: .answered, reason: "nothing was changed"))
        }
        if await ready.checks.isEmpty {
            return .ended(
                Ending(
                    outcome: .unverified,
                    reason: "there is no check that could verify the change; name one in .cofferdam.yaml"))
        }
        let round = try await ready.checks.run(.gate)
        guard await ready.checks.hasRequired else {
            return .ended(
                Ending(
                    outcome: .unverified, reason: "no check is required, so that none can verify the change",
                    evidence: round.evidence))
        }
        guard round.passed else { return .failed(round) }
        let ending = Ending(outcome: .verified, reason: "every required check passed", evidence: round.evidence)
        let findings = try await gateFindings(ready, try await ready.changes.state(), round.evidence)
        // The end of the turn looks again, at the tree as it then is.
        return findings.isEmpty ? .ended(ending) : .doubted(ending, findings)
    }

    private func failureReason(_ round: CheckRunner.Round) -> String {
        let failed = round.evidence.filter { $0.required && !$0.passed }.map { "`\($0.name)` (\($0.result.summary))" }
        return failed.isEmpty
            ? "a required check did not pass on the final tree"
            : "required checks fail: \(failed.joined(separator: ", "))"
    }

    private func takeSteering() async {
        guard !steering.isEmpty else { return }
        let taken = steering
        steering.removeAll()
        for prompt in taken {
            record(prompt, steers: true)
            // They were read when the prompt came.
            let pictures = try? PromptPictures(prompt.images)
            appendToUser((pictures?.blocks ?? []) + [.text(prompt.text)])
        }
        spentPrompts += taken.map(\.number)
        guard let last = taken.last(where: { $0.model != nil }), let model = last.model else { return }
        if last.keepsModel == true { chosenModel = model }
        keptTurn?.model = model
        await models.chooseForTurn(model)
    }

    /// Vendors want the speakers to take turns: what is said to the model joins the last message when it is the user's.
    private func appendToUser(_ blocks: [ContentBlock]) {
        if let last = messages.indices.last, messages[last].role == .user {
            messages[last].content += blocks
        } else {
            messages.append(ModelMessage(role: .user, content: blocks))
        }
    }

    private func execute(_ calls: [ToolCall], _ ready: Ready, _ loop: inout LoopGuard) async throws -> Ending? {
        let known = keptCalls.values.first?.treeBefore
        let before = if let known { known } else { try await ready.changes.state().treeHash }
        await settleStep()
        try await runCalls(calls, ready, treeBefore: before)
        let results = calls.indices.compactMap { callResults[$0] }
        var blocks = results.map(ContentBlock.toolResult)
        let tree = try await ready.changes.state().treeHash
        let texts = calls.map { "\($0.name) \($0.arguments.text)" }
        var notes = zip(calls, zip(texts, results)).compactMap { call, made -> String? in
            guard made.1.isError else { return nil }
            return loop.failed(call: made.0, tree: before, result: made.1.text).map {
                "`\(call.name)` was called like this before, at step \($0), on the same files and with the same error."
            }
        }
        if tree != before {
            let checks = try await ready.checks.run(.afterEdit)
            if !checks.report.isEmpty { blocks.append(.text("After this change:\n\n\(checks.report)")) }
            if let note = loop.checked(calls: texts.joined(separator: "\n"), tree: tree, evidence: checks.evidence) {
                notes.append(note)
            }
        }
        let repeated = loop.executed(
            calls: texts.joined(separator: "\n"), results: results.map(\.text).joined(separator: "\n"))
        if repeated == .fine { blocks += notes.map { .text($0) } }
        if repeated == .notice {
            blocks.append(.text("You repeat the same calls with the same results. Try another way, or end."))
        }
        appendToUser(blocks)
        callResults = [:]
        if repeated == .end {
            return Ending(outcome: .limit, reason: "the model repeated the same calls without a new result")
        }
        return nil
    }

    /// A turn that ends between a call and its result leaves a conversation that vendors refuse: the results are added,
    /// true ones where there are some.
    private func closeOpenCalls(reason: String, _ ready: Ready) async {
        defer { callResults = [:] }
        guard let last = messages.last, last.role == .assistant else { return }
        let calls = last.content.compactMap { block -> ToolCall? in
            guard case .toolCall(let call) = block else { return nil }
            return call
        }
        // An answer that a former service left is this turn's: another one must not take it for its own.
        _ = resumption.takeJSON(KeptKey.response)
        // Begun under a former service, and not come to again before the turn was ended.
        for (position, kept) in keptCalls.sorted(by: { $0.key < $1.key }) where position < calls.count {
            guard callResults[position] == nil else { continue }
            if let result = kept.result {
                callResults[position] = result.result(of: calls[position].id)
            } else {
                await endCommand(of: kept.itemId, ready)
                try? await complete(calls[position], at: position, kept.itemId, CallEnd(.cancelled, "Cancelled."))
            }
        }
        let results = calls.enumerated().map { position, call in
            callResults[position] ?? ToolResult(callID: call.id, text: "Not done: \(reason).", isError: true)
        }
        if !results.isEmpty { messages.append(.toolResults(results)) }
    }

    /// Ends the command that a call ran under a former service, as nobody follows it any more.
    private func endCommand(of itemId: String, _ ready: Ready) async {
        guard let kept = resumption.take(KeptKey.exec(itemId), as: KeptExec.self), let id = ExecID(kept.id),
            let handle = try? await ready.sandbox.attach(id, stdoutOffset: 0, stderrOffset: 0)
        else { return }
        await handle.cancel()
        _ = try? await handle.result()
    }
}
