import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import WebSocket

/// The service's face to the network: HTTP for health and metrics, WebSocket for sessions.
public final class ServiceEndpoint: Sendable {
    let configuration: EndpointConfiguration
    let backend: any SessionBackend
    let log: Log
    let metrics = EndpointMetrics()
    private let tokens: BearerTokens
    private let group: MultiThreadedEventLoopGroup
    private let state = Mutex(State())

    struct State {
        var isDraining = false
        var listeners: [any Channel] = []
        var claims: [UnixSocketClaim] = []
        var clients: [ObjectIdentifier: ClientConnection] = [:]
        /// Since when there has been no client.
        var idleSince = ContinuousClock.now
    }

    /// More event loops than this have nothing to do: they only move bytes.
    private static let maxEventLoops = 4

    public init(configuration: EndpointConfiguration, tokens: BearerTokens, backend: any SessionBackend, log: Log) {
        self.configuration = configuration
        self.tokens = tokens
        self.backend = backend
        self.log = log
        group = MultiThreadedEventLoopGroup(numberOfThreads: min(System.coreCount, Self.maxEventLoops))
    }

    var router: RequestRouter { RequestRouter(tokens: tokens, isDraining: state.withLock { $0.isDraining }) }

    /// Listens on every configured address, or on none.
    ///
    /// - Returns: the addresses, with the ports that the system chose.
    /// - Throws: `EndpointError`, `ConfigurationError.plaintext`.
    @discardableResult
    public func start() async throws -> [ListenAddress] {
        do {
            let tls = try configuration.tls.map(Self.tlsContext)
            var bound: [ListenAddress] = []
            for address in configuration.addresses {
                let actual = try await listen(on: address, tls: tls)
                bound.append(actual)
                log.info("listening", ["address": actual.description, "tls": tls == nil ? "no" : "yes"])
            }
            return bound
        } catch {
            await stop()
            throw error
        }
    }

    func adopt(_ listener: any Channel, _ claim: UnixSocketClaim?) {
        state.withLock { state in
            state.listeners.append(listener)
            if let claim { state.claims.append(claim) }
        }
    }

    var eventLoops: MultiThreadedEventLoopGroup { group }

    // MARK: Clients

    /// Takes over a connection after its upgrade.
    func serve(_ connection: WebSocketConnection, _ identity: BearerTokens.Identity) {
        let client = ClientConnection(connection, identity: identity, endpoint: self)
        let isDraining = state.withLock { state in
            state.clients[ObjectIdentifier(client)] = client
            return state.isDraining
        }
        metrics.webSocketOpened()
        Task {
            if isDraining { await client.shutDown() }
            await client.run()
            metrics.webSocketClosed()
            state.withLock { state in
                state.clients[ObjectIdentifier(client)] = nil
                if state.clients.isEmpty { state.idleSince = .now }
            }
        }
    }

    /// How long there has been no client; nil while there is one.
    public var idleTime: Duration? {
        state.withLock { $0.clients.isEmpty ? ContinuousClock.now - $0.idleSince : nil }
    }

    /// Cuts every client's connection, as a network would.
    func cutClients() {
        for client in state.withLock({ Array($0.clients.values) }) { client.abort() }
    }

    func metricsText() async -> String { PrometheusText.render(metrics.samples + (await backend.metrics())) }

    // MARK: End

    /// Refuses new clients, lets the backend end its work, then says good-bye to the clients and stops listening.
    /// `/healthz` and `/readyz` answer until then.
    public func drain(grace: Duration) async {
        state.withLock { $0.isDraining = true }
        log.info("draining", ["grace": "\(grace)"])
        await backend.drain(grace: grace)
        await withDiscardingTaskGroup { group in
            for client in state.withLock({ Array($0.clients.values) }) { group.addTask { await client.shutDown() } }
        }
        await stop()
    }

    /// Stops listening and cuts what is left.
    public func stop() async {
        let (listeners, claims) = state.withLock { state in
            state.isDraining = true
            defer { (state.listeners, state.claims) = ([], []) }
            return (state.listeners, state.claims)
        }
        // The path is free for another service only when this one no longer takes connections.
        for listener in listeners { try? await listener.close() }
        for claim in claims { claim.release() }
        cutClients()
        // Their tasks use the event loops.
        for client in state.withLock({ Array($0.clients.values) }) { await client.finished.wait() }
        try? await group.shutdownGracefully()
    }
}
