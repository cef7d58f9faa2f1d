import AgentProtocol
import JSONRPC
import Synchronization
import WebSocket

/// One client of the service, from the upgrade to the end of its connection.
actor ClientConnection {
    let webSocket: WebSocketConnection
    let identity: BearerTokens.Identity
    let backend: any SessionBackend
    let log: Log
    let limits: EndpointConfiguration.Limits
    let transport: ReplyWatchingTransport
    let metrics: EndpointMetrics
    /// Looked at before every message, outside of the actor.
    let isInitialized = Mutex(false)

    /// Opens when `run` has returned; nothing is sent any more then.
    let finished = Latch()

    var connection: Connection?
    var attachments: [String: Attachment] = [:]
    /// Who answers approvals, as others see it.
    var displayName = "unknown"
    var canApprove = false
    var asks: [String: Ask] = [:]
    /// Approvals that were resolved lately: a request to the user must not be made for them any more.
    var resolved: [String] = []
    private var feed: Task<Void, Never>?
    private var isEnded = false

    struct Attachment {
        /// Opens when the reply to `agent/attach` is on its way.
        var reply: Latch
        var pump: Task<Void, Never>?
    }

    struct Ask {
        var sessionId: String
        var task: Task<Void, Never>
    }

    init(_ webSocket: WebSocketConnection, identity: BearerTokens.Identity, endpoint: ServiceEndpoint) {
        self.webSocket = webSocket
        self.identity = identity
        backend = endpoint.backend
        log = endpoint.log
        limits = endpoint.configuration.limits
        metrics = endpoint.metrics
        transport = ReplyWatchingTransport(WebSocketTransport(webSocket))
    }

    func run() async {
        let connection = Connection(transport: transport, router: router()) { [log] event in
            log.debug("client message problem", ["event": "\(event)"])
        }
        self.connection = connection
        log.info("client connected", ["peer": webSocket.peer, "token": identity.name ?? "-"])
        let deadline = Task { [limits] in
            try await Task.sleep(for: limits.initializeTimeout)
            if !self.isInitialized.withLock({ $0 }) {
                await self.webSocket.close(.policyViolation, reason: "no initialize in time")
            }
        }
        await connection.run()
        deadline.cancel()
        await end()
        log.info(
            "client disconnected", ["client": displayName, "closure": webSocket.closure?.description ?? "closed"])
        finished.open()
    }

    private func end() async {
        isEnded = true
        feed?.cancel()
        for ask in asks.values { ask.task.cancel() }
        let pumps = attachments.values.compactMap(\.pump)
        attachments = [:]
        for pump in pumps { pump.cancel() }
        for pump in pumps { await pump.value }
    }

    /// Says good-bye: the service ends.
    nonisolated func shutDown() async { await webSocket.close(.goingAway, reason: "the service is shutting down") }

    nonisolated func abort() { webSocket.abort() }

    // MARK: initialize

    func initialize(_ params: ServiceInitialize.Params) async throws -> ServiceInitialize.Result {
        guard !isInitialized.withLock({ $0 }) else {
            throw ResponseError(code: .invalidRequest, message: "the connection is initialized already")
        }
        guard params.protocolVersion == ServiceInitialize.protocolVersion else {
            throw ResponseError(
                code: .invalidParams,
                message: "this service speaks protocol version \(ServiceInitialize.protocolVersion), "
                    + "the client version \(params.protocolVersion)",
                data: ["supported": [.number(.init(ServiceInitialize.protocolVersion))]])
        }
        displayName = Self.displayName(params.clientInfo.name, identity)
        canApprove = params.capabilities.approve == true
        if canApprove {
            let items = await backend.approvalFeed()
            feed = Task { for await item in items { self.take(item) } }
        }
        isInitialized.withLock { $0 = true }
        return ServiceInitialize.Result(
            serverInfo: ProgramInfo(name: "cofferdamd", version: ServiceVersion.current), models: backend.models,
            machine: MachineIdentity.current)
    }

    /// The name is the client's own word, so it is cut to something that a log or prompt can show; the token's name, which
    /// the service vouches for, follows.
    private static func displayName(_ name: String, _ identity: BearerTokens.Identity) -> String {
        let shown = String(
            name.unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(64).map(Character.init))
        return identity.name.map { "\(shown) (\($0))" } ?? shown
    }

    // MARK: attach

    func attach(_ params: AgentAttach.Params, _ id: RequestID) async throws -> AgentAttach.Result {
        let session = params.sessionId
        let afterSeq = params.afterSeq ?? 0
        guard afterSeq >= 0 else { throw ResponseError(code: .invalidParams, message: "afterSeq is negative") }
        guard attachments[session] != nil || attachments.count < limits.maxAttachments else {
            throw ResponseError(
                code: .overloaded, message: "a connection can be attached to \(limits.maxAttachments) sessions")
        }
        await detach(session)
        // Known as attached before the summary is read, so that an approval is in the summary or in the feed.
        let reply = Latch()
        attachments[session] = Attachment(reply: reply)
        do {
            let summary = try await backend.summary(session)
            guard afterSeq <= summary.seq else {
                throw ResponseError(
                    code: .invalidParams, message: "afterSeq \(afterSeq) is past the newest event, \(summary.seq)")
            }
            guard !isEnded else { throw CancellationError() }
            start(session, afterSeq, after: transport.latch(forReplyTo: id), reply)
            for approval in summary.pendingApprovals { ask(session, approval) }
            return AgentAttach.Result(session: summary, seq: summary.seq)
        } catch {
            await detach(session)
            throw error
        }
    }

    private func start(_ session: String, _ afterSeq: Int, after replied: Latch, _ reply: Latch) {
        let pump = SessionPump(sessionId: session, backend: backend, transport: transport, metrics: metrics)
        attachments[session]?.pump = Task { [log] in
            await replied.wait()
            reply.open()
            do {
                try await pump.run(afterSeq: afterSeq)
            } catch is CancellationError {
            } catch is TransportError {
            } catch {
                log.error("a session's log cannot be read", ["session": session, "reason": "\(error)"])
            }
        }
    }

    /// Afterwards no event of the session is sent any more.
    func detach(_ session: String) async {
        for (id, ask) in asks where ask.sessionId == session {
            ask.task.cancel()
            asks[id] = nil
        }
        guard let attachment = attachments.removeValue(forKey: session) else { return }
        attachment.pump?.cancel()
        await attachment.pump?.value
    }
}
