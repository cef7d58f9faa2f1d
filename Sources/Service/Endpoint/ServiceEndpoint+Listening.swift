import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import WebSocket

extension ServiceEndpoint {
    func listen(on address: ListenAddress, tls: NIOSSLContext?) async throws -> ListenAddress {
        switch address {
        case .unix(let path):
            let claim = try UnixSocketClaim(path)
            do {
                // Whoever can open the socket is the same user; TLS would add nothing.
                let channel = try await bootstrap(tls: nil).withBoundSocket(claim.descriptor).get()
                adopt(channel, claim)
            } catch {
                claim.release()
                throw EndpointError.cannotListen(path, reason: "\(error)")
            }
            return address
        case .tcp(let host, let port):
            let resolved: SocketAddress
            do { resolved = try SocketAddress.makeAddressResolvingHost(host, port: port) } catch {
                throw EndpointError.cannotListen(address.description, reason: "unknown host")
            }
            if !resolved.isLoopback, tls == nil {
                guard configuration.allowsPlaintext else {
                    throw ConfigurationError.plaintext(address: address.description)
                }
                log.warning(
                    "PLAIN TEXT on an address that other machines reach: tokens and sessions can be read on the way",
                    ["address": address.description])
            }
            do {
                let channel = try await bootstrap(tls: tls)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(to: resolved).get()
                adopt(channel, nil)
                return .tcp(host: host, port: channel.localAddress?.port ?? port)
            } catch {
                throw EndpointError.cannotListen(address.description, reason: "\(error)")
            }
        }
    }

    private func bootstrap(tls: NIOSSLContext?) -> ServerBootstrap {
        ServerBootstrap(group: eventLoops)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { [self] channel in
                guard metrics.admit(limit: configuration.limits.maxConnections) else {
                    return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
                }
                channel.closeFuture.whenComplete { [metrics] _ in metrics.ended() }
                return channel.eventLoop.makeCompletedFuture { try self.prepare(channel, tls) }
            }
            .childChannelOption(.maxMessagesPerRead, value: 4)
    }

    private func prepare(_ channel: any Channel, _ tls: NIOSSLContext?) throws {
        if case .v4 = channel.localAddress {
            try noDelay(channel)
        } else if case .v6 = channel.localAddress {
            try noDelay(channel)
        }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldCount = 128
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
        let http = RequestHandler.HTTPHandlers(
            encoder: HTTPResponseEncoder(), decoder: decoder,
            headBound: RequestHeadBound(limit: configuration.limits.maxRequestHeadBytes))
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        try pipeline.addHandlers([
            http.headBound, http.encoder, http.decoder, RequestHandler(owner: self, http: http),
        ])
    }

    /// Small messages must not wait for the peer's acknowledgements.
    private func noDelay(_ channel: any Channel) throws {
        try channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    static func tlsContext(_ files: EndpointConfiguration.TLSFiles) throws(EndpointError) -> NIOSSLContext {
        let chain: [NIOSSLCertificateSource]
        do { chain = try NIOSSLCertificate.fromPEMFile(files.certificateChain).map { .certificate($0) } } catch {
            throw .tls(path: files.certificateChain, reason: "\(error)")
        }
        guard !chain.isEmpty else { throw .tls(path: files.certificateChain, reason: "it has no certificate") }
        do {
            let key = try NIOSSLPrivateKey(file: files.privateKey, format: .pem)
            var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            tls.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw .tls(path: files.privateKey, reason: "\(error)")
        }
    }
}

extension SocketAddress {
    /// Whether only this machine reaches it.
    fileprivate var isLoopback: Bool {
        switch self {
        case .v4(let address): UInt32(bigEndian: address.address.sin_addr.s_addr) >> 24 == 127
        case .v6: ipAddress == "::1"
        case .unixDomainSocket: true
        }
    }
}
