import AgentProtocol
import JSON
import JSONRPC

/// Attached sessions.
extension ClientEngine {
    /// What the service may send.
    nonisolated func router() -> Router {
        var router = Router()
        router.onRawNotification(AgentProgress.method) { json, _ in
            let json = json ?? .null
            await self.take(try JSONCoder.decode(AgentProgress.Params.self, from: json), bytes: json.weight)
        }
        if let approve = handlers.approve {
            router.on(AgentApproveAsk.self, .concurrent) { params, _ in try await approve(params) }
        }
        return router
    }

    func attach(_ session: String, afterSeq: Int) async throws -> AgentAttach.Result {
        _ = try await link()
        attached.removeValue(forKey: session)?.end()
        let inbox = SessionInbox(afterSeq: afterSeq)
        attached[session] = inbox
        deliver(inbox, of: session)
        do {
            while true {
                let link = try await link()
                do {
                    return try await link.connection.request(
                        AgentAttach.self, AgentAttach.Params(sessionId: session, afterSeq: inbox.lastSeq))
                } catch  where Self.isLoss(error) && !isClosed && attached[session] === inbox {
                    // The next connection attaches it; this gets the answer.
                }
            }
        } catch {
            if attached[session] === inbox { attached[session] = nil }
            inbox.end()
            if isClosed { throw ServiceClientError.closed }
            throw Self.isLoss(error) ? ServiceClientError.connectionLost(method: AgentAttach.method) : error
        }
    }

    func detach(_ session: String) async throws {
        guard let inbox = attached.removeValue(forKey: session) else { return }
        inbox.end()
        // A new connection would not know the session anyway.
        guard let link = openLink else { return }
        do {
            _ = try await link.connection.request(AgentDetach.self, SessionReference(sessionId: session))
        } catch  where Self.isLoss(error) {}
    }

    /// After a reconnect every session goes on where it was.
    func reattachAll(_ link: Link) async {
        for (session, inbox) in attached.sorted(by: { $0.key < $1.key }) {
            inbox.reattached()
            await reattach(session, inbox, link)
        }
    }

    private func reattach(_ session: String, _ inbox: SessionInbox, _ link: Link) async {
        do {
            let params = AgentAttach.Params(sessionId: session, afterSeq: inbox.lastSeq)
            _ = try await link.connection.request(AgentAttach.self, params)
        } catch let error as ResponseError {
            guard attached[session] === inbox else { return }
            attached[session] = nil
            inbox.end()
            await handlers.detached(session, error.message)
        } catch {
            // The connection is gone again; the next one tries.
        }
    }

    private func take(_ params: AgentProgress.Params, bytes: Int) {
        let session = params.sessionId
        guard let inbox = attached[session], inbox.take(params, bytes: bytes) == .overflow, let link = openLink else {
            return
        }
        detaching[session] = Task {
            _ = try? await link.connection.request(AgentDetach.self, SessionReference(sessionId: session))
        }
    }

    private func deliver(_ inbox: SessionInbox, of session: String) {
        let progress = handlers.progress
        Task {
            while true {
                switch await inbox.next() {
                case .event(let params): await progress(params)
                case .resume:
                    // Else the detach could end what the attach began.
                    await self.detaching.removeValue(forKey: session)?.value
                    if let link = self.openLink { await self.reattach(session, inbox, link) }
                case .end: return
                }
            }
        }
    }
}

extension JSON {
    /// What the value takes in memory, roughly.
    fileprivate var weight: Int {
        let node = 32
        switch self {
        case .string(let text): return node + text.utf8.count
        case .array(let elements): return elements.reduce(node) { $0 + $1.weight }
        case .object(let members): return members.reduce(node) { $0 + $1.key.utf8.count + $1.value.weight }
        case .null, .bool, .number: return node
        }
    }
}
