import Dispatch
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import WebSocket

/// Opens WebSocket connections to the service. Its event loop, one thread, exists from the first connect on.
actor Connector {
    private let configuration: ServiceClientConfiguration
    private var group: MultiThreadedEventLoopGroup?

    /// For the TCP or unix connect, and for the handshake after it.
    private static let timeout = TimeAmount.seconds(10)
    private static let path = "/v1/rpc"
    /// A service that was told to end grants its sessions ten seconds.
    private static let endsWithin = Duration.seconds(20)
    private static let ending = "the service is shutting down"

    init(_ configuration: ServiceClientConfiguration) { self.configuration = configuration }

    /// Connects to the configured service, or to the embedded one, which is started where allowed and needed.
    func connect() async throws -> WebSocketConnection {
        if let url = configuration.url { return try await open(url) }
        let url = ServiceURL.unix(path: configuration.local.socketPath)
        do {
            return try await open(url)
        } catch let error as ServiceClientError {
            guard configuration.startsEmbedded, error != .closed else { throw error }
            // Not there, just replaced by one with another token, or about to end: then the next one starts after it.
            // One that has just started may also have ended by itself, of idleness on a busy machine.
            let end = ContinuousClock.now + Self.endsWithin
            while true {
                try await start()
                do { return try await open(url) } catch let error as ServiceClientError {
                    guard case .unreachable = error, .now < end else { throw error }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }
    }

    func shutDown() async {
        let group = group
        self.group = nil
        try? await group?.shutdownGracefully()
    }

    private func start() async throws {
        let starter = EmbeddedStarter(configuration)
        let result = await withCheckedContinuation { continuation in
            // It blocks: on the lock, and until the service is ready.
            DispatchQueue.global().async {
                continuation.resume(returning: Result { () throws(ServiceClientError) in try starter.ensureRunning() })
            }
        }
        try result.get()
    }

    private func eventLoop() -> any EventLoop {
        if let group { return group.next() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        return group.next()
    }

    private func open(_ url: ServiceURL) async throws -> WebSocketConnection {
        let token: String
        do { token = try configuration.currentToken() } catch {
            // The embedded service writes its token when it starts.
            guard configuration.url == nil, configuration.tokenFile == nil else { throw error }
            throw ServiceClientError.unreachable(service: url.description, reason: error.description)
        }
        let tls = try tlsHandlerFactory(url)
        let loop = eventLoop()
        let promise = loop.makePromise(of: WebSocketConnection.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(Self.timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(try tls()) }
                    if case .tcp = url { try channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1) }
                    try ClientHandshake.start(
                        on: channel, path: Self.path, host: Self.hostHeader(url),
                        headers: ["Authorization": "Bearer \(token)"], timeout: Self.timeout,
                        options: WebSocketOptions()
                    ).cascade(to: promise)
                }
            }
        let connected =
            switch url {
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .tcp(let host, let port, _): bootstrap.connect(host: host, port: port)
            }
        connected.whenFailure { promise.fail($0) }
        do {
            return try await promise.futureResult.get()
        } catch {
            throw Self.translate(error, url)
        }
    }

    private static func hostHeader(_ url: ServiceURL) -> String {
        switch url {
        case .unix: "localhost"
        case .tcp(let host, let port, _): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    private static func translate(_ error: any Error, _ url: ServiceURL) -> ServiceClientError {
        switch error {
        case ClientHandshakeError.refused(401, _): .unauthorized(service: url.description)
        case ClientHandshakeError.refused(503, _): .unreachable(service: url.description, reason: ending)
        case let error as NIOConnectionError:
            .unreachable(service: url.description, reason: reason(error))
        case let error as IOError:
            .unreachable(service: url.description, reason: reason(error))
        default: .unreachable(service: url.description, reason: "\(error)")
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
            return "the host \(error.host) is not known"
        }
        guard let first = error.connectionErrors.first?.error else { return "no address could be connected to" }
        return (first as? IOError).map(reason) ?? "\(first)"
    }

    private static func reason(_ error: IOError) -> String { String(cString: strerror(error.errnoCode)) }

    private func tlsHandlerFactory(_ url: ServiceURL) throws(ServiceClientError) -> (
        @Sendable () throws -> NIOSSLClientHandler
    )? {
        guard case .tcp(let host, _, tls: true) = url else { return nil }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        // The certificate's chain and its name are both checked.
        tls.certificateVerification = .fullVerification
        if let file = configuration.caFile { tls.trustRoots = .file(file) }
        let context: NIOSSLContext
        do { context = try NIOSSLContext(configuration: tls) } catch {
            throw .configuration("the CA file \(configuration.caFile ?? ""): \(error)")
        }
        // An address is no server name (RFC 6066 section 3); the certificate is then checked against the address.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return { try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host) }
    }
}
