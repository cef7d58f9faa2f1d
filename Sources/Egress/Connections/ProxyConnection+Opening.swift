import NIOCore
import NIOSSL

/// Connections that a client asks for by `CONNECT` or SOCKS, and what it says in them first.
extension ProxyConnection {
    func takeSOCKS(_ parser: SOCKSParser) -> Bool {
        var parser = parser
        let step = parser.read(&pending)
        stage = .socks(parser)
        switch step {
        case .needsMore: return false
        case .reply(let bytes):
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            return true
        case .connect(let target): open(target, .socks)
        case .refuse(let bytes, let reason, let host, let port):
            deny(reason, scheme: .tcp, target: nil, host: host, port: port)
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            finishClient()
        }
        return true
    }

    func open(_ target: EgressTarget, _ opening: Opening) {
        let guess: EgressRule.Scheme = target.port == 443 ? .https : target.port == 80 ? .http : .tcp
        switch core.rules.decide(target) {
        case .failure(let denial): refuse(denial, opening, scheme: guess, target: target)
        case .success(let rule):
            if rule.isReadable { openReadable(target, opening, rule) } else { openTunnel(target, opening, rule) }
        }
    }

    /// Answers a refused opening and ends: what the client sends after it is no request of its own.
    private func refuse(
        _ denial: Denial, _ opening: Opening, scheme: EgressRule.Scheme, target: EgressTarget, ruleId: String? = nil
    ) {
        guard !isClosed else { return }
        deny(denial.reason, scheme: scheme, target: target, ruleId: ruleId)
        let refusal = Refusal(denial, scheme: scheme, target: target)
        switch opening {
        case .connect: answer(refusal, keepsAlive: false)
        case .socks:
            channel.writeAndFlush(ByteBuffer(bytes: SOCKSParser.answer(refusal.socksCode)), promise: nil)
            finishClient()
        }
    }

    private func confirm(_ opening: Opening) {
        switch opening {
        case .connect:
            channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n"), promise: nil)
        case .socks: channel.writeAndFlush(ByteBuffer(bytes: SOCKSParser.answer(.succeeded)), promise: nil)
        }
    }

    // MARK: Requests that the gateway reads

    private func openReadable(_ target: EgressTarget, _ opening: Opening, _ rule: EgressRule) {
        if rule.intercept, core.authority == nil {
            return refuse(
                Denial(.interceptionUnavailable), opening, scheme: rule.scheme, target: target, ruleId: rule.id)
        }
        inner = Inner(scheme: rule.scheme, target: target)
        confirm(opening)
        guard rule.intercept else { return awaitRequest() }
        stage = .hello(ClientHelloReader(limit: core.limits.maxHelloBytes), .intercept(rule))
        setTimeout(core.limits.handshakeTimeout)
        process()
    }

    /// The client's hello is good: the gateway takes the server's part.
    private func intercept(_ hello: ClientHelloReader, _ rule: EgressRule, _ target: EgressTarget) {
        do {
            guard let authority = core.authority else { throw Denial(.interceptionUnavailable) }
            let handler = NIOSSLServerHandler(context: try authority.context(for: target.host))
            try channel.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            return refuseHello(.interceptionUnavailable, rule, target, flow: nil)
        }
        stage = .head(HeadLines(limits: core.limits))
        setTimeout(core.limits.handshakeTimeout)
        var bytes = ByteBuffer(bytes: hello.taken)
        bytes.writeBuffer(&pending)
        pending.clear()
        channel.pipeline.fireChannelRead(bytes)
        channel.pipeline.fireChannelReadComplete()
    }

    func clientSecured() {
        isSecured = true
        setTimeout(core.limits.idleTimeout)
    }

    func clientFailed(_ error: any Error) {
        // Before that it is a client without trust in the authority; after it, an end without ceremony.
        if !isSecured, let inner, inner.scheme == .https, error is NIOSSLError, case .head = stage {
            deny(.clientDistrust, scheme: .https, target: inner.target)
            shut()
        } else if error is NIOSSLError || error is BoringSSLError {
            shut()
        }
    }

    // MARK: Tunnels

    private func openTunnel(_ target: EgressTarget, _ opening: Opening, _ rule: EgressRule) {
        let usage = core.usage(of: rule)
        let exhausted = usage.isExhausted(rule.maximumBytes)
        guard !exhausted, usage.acquire(limit: rule.maximumConnections) else {
            return refuse(
                Denial(exhausted ? .byteLimit : .connectionLimit), opening, scheme: rule.scheme, target: target,
                ruleId: rule.id)
        }
        stage = .busy
        setTimeout(core.limits.busyTimeout)
        UpstreamConnector(core: core, rule: rule, target: target, halfCloses: true, loop: loop).connect()
            .assumeIsolated().whenComplete { [self] result in
                switch result {
                case .failure(let error):
                    usage.release()
                    refuse(
                        error as? Denial ?? Denial(.unreachable), opening, scheme: rule.scheme, target: target,
                        ruleId: rule.id)
                case .success(let connected):
                    connected.channel.closeFuture.whenComplete { _ in usage.release() }
                    connectedTunnel(connected, target, opening, rule)
                }
            }
    }

    private func connectedTunnel(
        _ connected: UpstreamConnector.Connected, _ target: EgressTarget, _ opening: Opening, _ rule: EgressRule
    ) {
        guard case .busy = stage else { return connected.channel.close(promise: nil) }
        guard core.rules.stillAllows(ruleId: rule.id, target: target, request: nil, like: rule) else {
            connected.channel.close(promise: nil)
            return refuse(Denial(.ruleWithdrawn), opening, scheme: rule.scheme, target: target, ruleId: rule.id)
        }
        let handler = SideHandler(TunnelSide(self))
        do {
            try connected.channel.pipeline.syncOperations.addHandler(handler)
        } catch {
            connected.channel.close(promise: nil)
            return refuse(Denial(.unreachable), opening, scheme: rule.scheme, target: target, ruleId: rule.id)
        }
        let flow = Flow(core: core, rule: rule, target: target, request: nil, address: connected.address)
        let tunnel = Tunnel(flow: flow, upstream: connected.channel, handler: handler)
        confirm(opening)
        guard rule.scheme == .https else { return relay(tunnel) }
        stage = .hello(ClientHelloReader(limit: core.limits.maxHelloBytes), .tunnel(tunnel))
        setTimeout(core.limits.handshakeTimeout)
        process()
    }

    /// From here on bytes only pass.
    private func relay(_ tunnel: Tunnel) {
        tunnel.flow.open()
        stage = .relay(tunnel)
        setTimeout(core.limits.idleTimeout)
        guard let client = (try? channel.pipeline.syncOperations.handler(type: SideHandler.self)) else { return shut() }
        let sides = RelaySide.pair(self, client: channel, upstream: tunnel.upstream)
        client.side = sides.client
        tunnel.handler.side = sides.upstream
        if pending.readableBytes > 0 {
            let bytes = pending
            pending = ByteBuffer()
            sides.client.received(bytes)
            tunnel.upstream.flush()
        }
        if isInputClosed { sides.client.inputClosed() } else { sides.client.start() }
        sides.upstream.start()
    }

    /// Counts bytes of a relay; false when they may not pass, and everything is over.
    func passes(_ count: Int, isUp: Bool) -> Bool {
        guard case .relay(let tunnel) = stage else { return false }
        touch()
        if isUp ? tunnel.flow.countUp(count) : tunnel.flow.countDown(count) { return true }
        cut(.byteLimit)
        return false
    }

    func tunnelClosed(byClient: Bool, isClean: Bool) {
        guard case .relay(let tunnel) = stage else {
            if byClient { clientClosed() }
            return
        }
        tunnel.flow.close(.allow, isClean ? .finished : .broken)
        stage = .closed
        let other = byClient ? tunnel.upstream : channel
        other.whenFlushed { other.close(promise: nil) }
        if byClient { clientClosed() }
    }

    /// The host went away before the tunnel stood.
    func tunnelLost() {
        switch stage {
        case .hello(_, .tunnel(let tunnel)):
            tunnel.flow.refuse(.unreachable)
            shut()
        case .firstFlight(_, let tunnel):
            tunnel.flow.close(.allow, .broken)
            shut()
        default: break
        }
    }

    // MARK: The client's hello

    func takeHello(_ reader: ClientHelloReader, _ next: AfterHello) -> Bool {
        var reader = reader
        let rule: EgressRule
        let target: EgressTarget
        var flow: Flow?
        switch next {
        case .tunnel(let tunnel):
            rule = tunnel.flow.rule
            target = tunnel.flow.target
            flow = tunnel.flow
        case .intercept(let used):
            guard let inner else { return false }
            rule = used
            target = inner.target
        }
        let hello: ClientHello
        do throws(ClientHelloError) {
            guard let complete = try reader.read(&pending) else {
                stage = .hello(reader, next)
                return false
            }
            hello = complete
        } catch {
            refuseHello(error == .notTLS ? .notTLS : .invalidRequest, rule, target, flow: flow)
            return false
        }
        if let reason = Self.refusal(of: hello, for: target, rule) {
            refuseHello(reason, rule, target, flow: flow)
            return false
        }
        switch next {
        case .intercept: intercept(reader, rule, target)
        case .tunnel(let tunnel): forward(reader, tunnel)
        }
        return true
    }

    /// Why this hello does not lead where the connection was allowed to; nil when it does.
    static func refusal(of hello: ClientHello, for target: EgressTarget, _ rule: EgressRule) -> EgressReason? {
        // What cannot be decrypted without the host's key is of no use when the gateway ends TLS.
        if hello.isEncrypted, !rule.intercept, !rule.allowEncryptedHello { return .encryptedHello }
        guard let name = hello.serverName else {
            // Addresses are no server names (RFC 6066 section 3).
            if case .address = target.host { return nil }
            return rule.allowMissingServerName ? nil : .serverNameMissing
        }
        return EgressHost(name) == target.host ? nil : .serverNameMismatch
    }

    private func refuseHello(_ reason: EgressReason, _ rule: EgressRule, _ target: EgressTarget, flow: Flow?) {
        if let flow {
            flow.refuse(reason)
        } else {
            deny(reason, scheme: .https, target: target, ruleId: rule.id)
        }
        if case .hello(_, .tunnel(let tunnel)) = stage {
            tunnel.handler.side = nil
            tunnel.upstream.close(promise: nil)
        }
        // A fatal alert: unrecognized_name for names, access_denied for the rest (RFC 8446 section 6.2).
        let alert: UInt8 = reason == .serverNameMismatch || reason == .serverNameMissing ? 112 : 49
        if reason != .notTLS { channel.writeAndFlush(ByteBuffer(bytes: [21, 3, 3, 0, 2, 2, alert]), promise: nil) }
        finishClient()
    }

    private func forward(_ hello: ClientHelloReader, _ tunnel: Tunnel) {
        let bytes = hello.taken
        guard tunnel.flow.countUp(bytes.count) else {
            refuseHello(.byteLimit, tunnel.flow.rule, tunnel.flow.target, flow: tunnel.flow)
            return
        }
        tunnel.upstream.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        if hello.isRetry { return relay(tunnel) }
        tunnel.flow.open()
        stage = .firstFlight(ServerFirstFlight(), tunnel)
        tunnel.upstream.read()
    }

    /// The server answers the hello.
    func receivedFirstFlight(_ bytes: ByteBuffer) {
        // Between a retry and the second hello the server may finish what it was at.
        if case .hello(_, .tunnel(let tunnel)) = stage {
            guard tunnel.flow.countDown(bytes.readableBytes) else { return cut(.byteLimit) }
            return channel.writeAndFlush(bytes, promise: nil)
        }
        guard case .firstFlight(var flight, let tunnel) = stage else { return }
        let answer = flight.look(at: bytes)
        guard tunnel.flow.countDown(bytes.readableBytes) else { return cut(.byteLimit) }
        channel.writeAndFlush(bytes, promise: nil)
        stage = .firstFlight(flight, tunnel)
        switch answer {
        case .needsMore: tunnel.upstream.read()
        case .other: relay(tunnel)
        case .retry:
            stage = .hello(ClientHelloReader(limit: core.limits.maxHelloBytes, isRetry: true), .tunnel(tunnel))
            setTimeout(core.limits.handshakeTimeout)
            process()
        }
    }
}

/// Hears of a tunnel's host before the bytes may pass.
final class TunnelSide: ChannelSide {
    private let connection: ProxyConnection

    init(_ connection: ProxyConnection) { self.connection = connection }

    func received(_ bytes: ByteBuffer) { connection.receivedFirstFlight(bytes) }
    func readCompleted() {}
    func becameWritable() {}
    func inputClosed() { connection.tunnelLost() }
    func secured() {}
    func failed(_ error: any Error) {}
    func closed() { connection.tunnelLost() }
}
