import AgentProtocol
import ServiceClient

extension ServerCore {
    /// Events of one session that may wait for its folder to be known; further ones are only forwarded.
    static let mostEarlyEvents = 50_000

    /// One event of an attached session. The service waits until it is dealt with.
    func received(_ params: AgentProgress.Params) async {
        let id = params.sessionId
        let isEarly = earlyEvents[id] != nil
        guard isEarly || sessions[id] != nil else { return }
        if settings.forwardsProgress { await notify(AgentProgress.self, params) }
        if earlyEvents[id] != nil {
            if earlyEvents[id, default: []].count < Self.mostEarlyEvents { earlyEvents[id, default: []].append(params) }
            return
        }
        await absorb(params)
    }

    func takeEarlyEvents(_ id: String) async {
        while let events = earlyEvents[id], !events.isEmpty {
            earlyEvents[id] = []
            for event in events { await absorb(event) }
        }
        earlyEvents[id] = nil
    }

    private func absorb(_ params: AgentProgress.Params) async {
        let id = params.sessionId
        // A replay for another reader brings known events again.
        guard let session = sessions[id], params.seq > session.lastSeq else { return }
        sessions.modify(id) { session in
            session.lastSeq = params.seq
            session.absorb(params.event)
        }
        await writeTranscript(params)
        if StepReceiver.isNews(params.event) { await receiveSteps(of: id) }
        let affected = absorbDiagnostics(params)
        if caughtUp.contains(id) {
            await show(params.event, of: id, affected: affected)
        } else {
            await catchUp(id)
        }
    }

    /// At the end of the history: shows where the session stands, instead of all that happened.
    func catchUp(_ id: String) async {
        guard let session = sessions[id], session.isCurrent, caughtUp.insert(id).inserted else { return }
        if session.isOwn { await presentTranscript(id) }
        await publish(board.paths(of: id))
        if session.isBusy { await beginProgress(id) }
        for approval in session.approvals { await announce(approval, of: id) }
        if session.isOwn, let outcome = session.outcome { await turnEnded(outcome, of: id) }
        if !session.isLive { await sessionEnded(id) }
    }

    private func show(_ event: AgentEvent, of id: String, affected: Set<String>) async {
        if !affected.isEmpty { await publish(affected) }
        switch event {
        case .turnStarted, .sessionQueued: await beginProgress(id)
        case .turnCompleted(let event): await turnEnded(event, of: id)
        case .sessionStatus(let event):
            if !event.state.isLive { await sessionEnded(id) }
        case .approvalRequested(let event): await announce(event.approval, of: id)
        case .approvalResolved(let event):
            await traceMessage("\(Wording.resolution(event.resolution)) (\(sessions.shortName(id)))")
        default: break
        }
        guard let session = sessions[id], session.isBusy else { return }
        if let approval = session.approvals.first {
            let action = DisplayText.exact(Wording.action(approval), limit: SessionView.activityLength)
            await updateProgress(id, "waiting for your approval: \(action)")
        } else {
            await updateProgress(id, session.activity)
        }
    }

    private func turnEnded(_ event: TurnCompleted, of id: String) async {
        let reason = DisplayText.firstLine(event.reason, limit: 200)
        let isNews = !reason.isEmpty && reason != event.outcome.rawValue
        let outcome = Wording.outcome(event.outcome) + (isNews ? ": \(reason)" : "")
        await endProgress(id, outcome)
        guard let session = sessions[id] else { return }
        let appliesItself =
            settings.applyMode == .verified && event.outcome == .verified && session.isOwn
            && session.isFolderTrusted && session.hasResult && !session.isApplied
        if appliesItself {
            inBackground(id) { _ = try await $0.apply(.init(sessionId: id)) }
        }
        guard !settings.forwardsProgress else { return }
        var text = outcome
        if session.hasResult {
            text += ". Changed \(Wording.files(event.changedFiles))"
            if settings.applyMode != .never, !session.isApplied, !appliesItself {
                text += "; apply with a code action or \(CommandName.apply.rawValue)"
            }
        }
        await showMessage(event.outcome == .failed ? .error : .info, session: id, text)
    }

    private func sessionEnded(_ id: String) async {
        guard let session = sessions[id] else { return }
        let reason = DisplayText.firstLine(session.endReason ?? "", limit: 300)
        let text = (session.state == .failed ? "failed" : "stopped") + (reason.isEmpty ? "" : ": \(reason)")
        await endProgress(id, text)
        await publish(forgetDiagnostics(of: id))
        texts[id] = nil
        if session.state == .failed, !settings.forwardsProgress { await showMessage(.error, session: id, text) }
    }
}
