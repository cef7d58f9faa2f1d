import AgentProtocol
import JSONRPC
import WebSocket

/// The client's state: the connection, its making and remaking, and the attached sessions.
actor ClientEngine {
    let configuration: ServiceClientConfiguration
    let handlers: ServiceClientHandlers
    let connector: Connector
    var attached: [String: SessionInbox] = [:]
    /// Sessions whose sending is being stopped because their handler has fallen behind.
    var detaching: [String: Task<Void, Never>] = [:]
    private var current: Link?
    private var connecting: Task<Link, any Error>?
    private var reconnecting: Task<Void, Never>?
    private var linkNumber = 0
    /// Uploads under way: they go on over the next connection.
    private var uploads = 0
    private(set) var isClosed = false
    private let states: AsyncStream<ServiceConnectionState>.Continuation

    private static let initializeTimeout = Duration.seconds(10)
    /// How often a call that may be repeated is tried.
    private static let attempts = 3
    /// Waiting before a reconnect: doubled from the first to the longest, each time by chance up to half more or less, so
    /// that the clients of a restarted service do not all come at once.
    private static let firstDelay = 0.1
    private static let longestDelay = 10.0
    /// Then it is left to the next call.
    private static let reconnectFor = Duration.seconds(600)
    /// Starts of an embedded service that may fail in a row before it is given up: the one before may still hold its
    /// files for a moment, or this one be killed as well.
    private static let failedStarts = 5

    init(configuration: ServiceClientConfiguration, handlers: ServiceClientHandlers) {
        self.configuration = configuration
        self.handlers = handlers
        connector = Connector(configuration)
        let (stream, states) = AsyncStream.makeStream(of: ServiceConnectionState.self)
        self.states = states
        Task { for await state in stream { await handlers.connectionChanged(state) } }
    }

    // MARK: Calls

    nonisolated func call<R: RequestType>(_ type: R.Type, _ params: R.Params) async throws -> R.Result {
        for attempt in 1... {
            let link = try await link()
            do {
                return try await link.connection.request(type, params)
            } catch  where Self.isLoss(error) {
                if await isClosed { throw ServiceClientError.closed }
                guard attempt < Self.attempts, Self.isRepeatable(type, params) else {
                    throw ServiceClientError.connectionLost(method: R.method)
                }
            }
        }
        throw ServiceClientError.connectionLost(method: R.method)
    }

    static func isLoss(_ error: any Error) -> Bool {
        error as? ConnectionError == .closed || error is TransportError
    }

    /// Whether carrying the request out twice is the same as once.
    private static func isRepeatable<R: RequestType>(_ type: R.Type, _ params: R.Params) -> Bool {
        switch params {
        case let start as AgentStart.Params: start.idempotencyKey != nil
        default:
            [
                AgentList.method, AgentDiff.method, AgentEgress.method, AgentCancel.method, AgentStop.method,
                AgentSteps.method, AgentUsage.method, AgentModels.method,
                AgentObjects.method, AgentPack.method, AgentRecording.method,
                WorkspaceNegotiate.method, WorkspaceUpload.method,
            ]
            .contains(R.method)
        }
    }

    func uploading(_ change: Int) { uploads += change }

    // MARK: The connection

    /// The connection, made now if there is none. Callers at the same time share the attempt.
    func link() async throws -> Link {
        if isClosed { throw ServiceClientError.closed }
        if let current, current.isOpen { return current }
        if let connecting { return try await connecting.value }
        let task = Task { try await self.open() }
        connecting = task
        defer { connecting = nil }
        return try await task.value
    }

    var openLink: Link? { current.flatMap { $0.isOpen ? $0 : nil } }

    private func open() async throws -> Link {
        if let old = current {
            // What it had received goes first.
            await old.running.value
            current = nil
        }
        let webSocket = try await connector.connect()
        linkNumber += 1
        let number = linkNumber
        let connection = Connection(transport: WebSocketTransport(webSocket), router: router())
        let running = Task { await connection.run() }
        do {
            let result = try await initialize(connection)
            let link = Link(
                number: number, connection: connection, webSocket: webSocket, initializeResult: result, running: running
            )
            guard !isClosed else { throw ServiceClientError.closed }
            current = link
            Task {
                await running.value
                self.ended(link)
            }
            states.yield(.connected)
            await reattachAll(link)
            return link
        } catch {
            await connection.close()
            await running.value
            throw error
        }
    }

    private func initialize(_ connection: Connection) async throws -> ServiceInitialize.Result {
        let params = ServiceInitialize.Params(
            clientInfo: configuration.clientInfo,
            capabilities: ClientCapabilities(approve: handlers.approve == nil ? nil : true))
        do {
            return try await connection.request(ServiceInitialize.self, params, timeout: Self.initializeTimeout)
        } catch let error as ResponseError {
            throw ServiceClientError.incompatible(service: serviceName, reason: error.message)
        } catch {
            throw ServiceClientError.unreachable(service: serviceName, reason: "\(error)")
        }
    }

    private var serviceName: String { (configuration.url ?? .unix(path: configuration.local.socketPath)).description }

    private func ended(_ link: Link) {
        guard !isClosed, current?.number == link.number else { return }
        let reason = link.webSocket.closure?.description ?? "the connection ended"
        guard !attached.isEmpty || uploads > 0 else {
            states.yield(.lost(reason: reason))
            return
        }
        states.yield(.reconnecting(reason: reason))
        // An upload's next piece connects.
        guard !attached.isEmpty else { return }
        reconnecting?.cancel()
        reconnecting = Task { await self.reconnect() }
    }

    private func reconnect() async {
        let giveUp = ContinuousClock.now + Self.reconnectFor
        var delay = Self.firstDelay
        var failedStarts = 0
        while !isClosed {
            do {
                try await Task.sleep(for: .seconds(delay * Double.random(in: 0.5...1.5)))
                if let current, current.isOpen { return }
                _ = try await link()
                return
            } catch is CancellationError {
                return
            } catch {
                var isPassing = (error as? ServiceClientError)?.isPassing ?? true
                if case ServiceClientError.embeddedStart = error, failedStarts < Self.failedStarts {
                    failedStarts += 1
                    isPassing = true
                }
                guard isPassing, ContinuousClock.now < giveUp else {
                    if !isClosed { states.yield(.lost(reason: "\(error)")) }
                    return
                }
                delay = min(delay * 2, Self.longestDelay)
            }
        }
    }

    func close() async {
        guard !isClosed else { return }
        isClosed = true
        reconnecting?.cancel()
        for inbox in attached.values { inbox.end() }
        attached = [:]
        if let connecting { _ = try? await connecting.value }
        if let current {
            await current.connection.close()
            await current.running.value
        }
        current = nil
        states.finish()
        await connector.shutDown()
    }
}
