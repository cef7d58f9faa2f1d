import JSON
import ServiceClient

extension ServerCore {
    /// Shows that a session is at work: as progress where the client has it, else with one message.
    func beginProgress(_ id: String) async {
        guard tokenOfSession[id] == nil, let session = sessions[id], let connection else { return }
        guard features.showsProgress else {
            await announceStart(id)
            return
        }
        lastToken += 1
        let token = "cofferdam/\(lastToken)"
        let message = session.activity.isEmpty ? session.title : session.activity
        tickets[token] = ProgressTicket(token: token, message: message)
        tokenOfSession[id] = token
        sessionOfToken[token] = id
        Task {
            do {
                _ = try await connection.request(LSP.WorkDoneProgressCreate.self, .init(token: token))
                await change(token) { $0.created() }
            } catch {
                await refused(token)
            }
        }
    }

    func updateProgress(_ id: String, _ message: String) async {
        guard let token = tokenOfSession[id], !message.isEmpty else { return }
        await change(token) { $0.update(message) }
    }

    func endProgress(_ id: String, _ message: String) async {
        announced.remove(id)
        guard let token = tokenOfSession.removeValue(forKey: id) else { return }
        await change(token) { $0.finish(message) }
    }

    /// Shows how far an upload is; its session is there only afterwards.
    func uploading(_ progress: UploadProgress) async {
        guard features.showsProgress, let connection else { return }
        guard let token = uploadToken else {
            lastToken += 1
            let token = "cofferdam/\(lastToken)"
            uploadToken = token
            tickets[token] = ProgressTicket(token: token, message: progress.text)
            Task {
                do {
                    _ = try await connection.request(LSP.WorkDoneProgressCreate.self, .init(token: token))
                    await change(token) { $0.created() }
                } catch {
                    tickets[token] = nil
                }
            }
            return
        }
        if progress.isComplete { uploadToken = nil }
        await change(token) { progress.isComplete ? $0.finish(progress.text) : $0.update(progress.text) }
    }

    /// The user pressed cancel on a progress of ours.
    func cancelProgress(token: JSON) {
        guard let token = token.stringValue, let id = sessionOfToken[token] else { return }
        inBackground(id) { try await $0.cancel(id) }
    }

    private func announceStart(_ id: String) async {
        guard let session = sessions[id], !settings.forwardsProgress, announced.insert(id).inserted else { return }
        await showMessage(.info, session: id, "started: \(session.title)")
    }

    /// The client does not want this token: nothing may be reported on it.
    private func refused(_ token: String) async {
        tickets[token] = nil
        guard let id = sessionOfToken.removeValue(forKey: token) else { return }
        if tokenOfSession[id] == token {
            tokenOfSession[id] = nil
            await announceStart(id)
        }
    }

    private func change(_ token: String, _ body: (inout ProgressTicket) -> [ProgressTicket.Action]) async {
        guard var ticket = tickets[token] else { return }
        let actions = body(&ticket)
        tickets[token] = ticket
        for action in actions {
            switch action {
            case .begin(let message):
                await report(token, .init(kind: .begin, title: "Cofferdam", cancellable: true, message: message))
            case .report(let message): await report(token, .init(kind: .report, cancellable: true, message: message))
            case .end(let message):
                tickets[token] = nil
                sessionOfToken[token] = nil
                await report(token, .init(kind: .end, message: message))
            case .startPause:
                let clock = environment.clock
                Task {
                    try? await clock.sleep(for: ProgressTicket.pause)
                    await change(token) { $0.paused() }
                }
            }
        }
    }

    private func report(_ token: String, _ value: LSP.WorkDoneProgress) async {
        await notify(LSP.Progress.self, .init(token: token, value: value))
    }
}
