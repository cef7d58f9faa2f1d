import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// What all connections of a gateway share.
final class GatewayCore: Sendable {
    let sessionId: String
    let resolver: any NameResolver
    let secrets: any SecretSource
    let authority: SessionAuthority?
    let limits: EgressLimits
    private let group: any EventLoopGroup
    private let observer: @Sendable (EgressDecision) -> Void
    private let decisions = Atomic<UInt64>(0)

    private struct Handle {
        var loop: any EventLoop
        var channel: any Channel
        var connection: NIOLoopBound<ProxyConnection>
    }

    private struct State {
        var rules: RuleSet
        var usages: [String: RuleUsage] = [:]
        var connections: [ObjectIdentifier: Handle] = [:]
        /// Descriptors taken, open connections among them.
        var count = 0
        var isClosed = false
    }

    private let state: Mutex<State>
    private let trust = UpstreamTrust()

    init(
        sessionId: String, rules: RuleSet, resolver: any NameResolver, secrets: any SecretSource,
        authority: SessionAuthority?, limits: EgressLimits, observer: @escaping @Sendable (EgressDecision) -> Void,
        group: any EventLoopGroup
    ) {
        state = Mutex(State(rules: rules))
        self.sessionId = sessionId
        self.resolver = resolver
        self.secrets = secrets
        self.authority = authority
        self.limits = limits
        self.group = group
        self.observer = observer
    }

    var rules: RuleSet { state.withLock { $0.rules } }

    func observe(_ decision: EgressDecision) { observer(decision) }

    func nextDecision() -> UInt64 { decisions.wrappingAdd(1, ordering: .relaxed).newValue }

    func usage(of rule: EgressRule) -> RuleUsage {
        state.withLock { state in
            let key = rule.limitsKey ?? rule.id
            if let usage = state.usages[key] { return usage }
            let usage = RuleUsage()
            state.usages[key] = usage
            return usage
        }
    }

    /// What verifies a host's certificate. May read files: not for an event loop.
    func upstreamContext(_ rule: EgressRule) throws -> NIOSSLContext {
        try trust.context(authorityFile: rule.certificateAuthorityFile)
    }

    // MARK: Connections

    func serve(descriptor: Int32, kind: EgressConnectionKind) {
        guard Self.isTCPConnection(descriptor) else {
            Glibc.close(descriptor)
            return
        }
        enum Admission { case taken, full, closed }
        let admission = state.withLock { state -> Admission in
            guard !state.isClosed else { return .closed }
            guard state.count < limits.maxConnections else { return .full }
            state.count += 1
            return .taken
        }
        guard admission == .taken else {
            if admission == .full { refuse(descriptor, kind) }
            Glibc.close(descriptor)
            return
        }
        let loop = group.next()
        let isRegistered = Flag()
        ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: EgressLimits.readsAtOnce)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .egress)
            .channelOption(.recvAllocator, value: .egress)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = ProxyConnection(core: self, channel: channel, kind: kind)
                    try channel.pipeline.syncOperations.addHandler(SideHandler(ClientSide(connection)))
                    try self.register(connection)
                    isRegistered.value.store(true, ordering: .relaxed)
                }
            }
            .withConnectedSocket(descriptor)
            .whenFailure { _ in
                // A registered connection is taken off when its channel closes.
                if !isRegistered.value.load(ordering: .relaxed) { self.state.withLock { $0.count -= 1 } }
            }
    }

    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    /// Tells a client that there are too many, as far as its protocol can before it has spoken.
    private func refuse(_ descriptor: Int32, _ kind: EgressConnectionKind) {
        observe(
            EgressDecision(
                id: nextDecision(), phase: .closed, verdict: .deny, reason: .tooManyConnections, scheme: .tcp, host: "",
                port: 0))
        guard kind == .http else { return }
        let response = Refusal(reason: .tooManyConnections).response(keepsAlive: false)
        _ = response.readableBytesView.withContiguousStorageIfAvailable {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
    }

    private func register(_ connection: ProxyConnection) throws {
        let handle = Handle(
            loop: connection.channel.eventLoop, channel: connection.channel,
            connection: NIOLoopBound(connection, eventLoop: connection.channel.eventLoop))
        try state.withLock { state in
            guard !state.isClosed else { throw ChannelError.ioOnClosedChannel }
            state.connections[ObjectIdentifier(connection)] = handle
        }
    }

    /// The client's channel is gone.
    func remove(_ connection: ProxyConnection) {
        state.withLock { state in
            guard state.connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
            state.count -= 1
        }
    }

    func replace(_ rules: RuleSet) {
        let handles = state.withLock { state in
            state.rules = rules
            return Array(state.connections.values)
        }
        for handle in handles { handle.loop.execute { handle.connection.value.rulesChanged() } }
    }

    func close() async {
        let handles = state.withLock { state in
            state.isClosed = true
            return Array(state.connections.values)
        }
        for handle in handles { handle.loop.execute { handle.connection.value.cut(.gatewayClosed) } }
        for handle in handles { try? await handle.channel.closeFuture.get() }
    }

    /// Whether this is what the supervisor may pass: a process in the sandbox could have it pass anything.
    private static func isTCPConnection(_ descriptor: Int32) -> Bool {
        func option(_ name: Int32) -> Int32? {
            var value: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
        }
        guard let domain = option(SO_DOMAIN), domain == AF_INET || domain == AF_INET6,
            option(SO_TYPE) == Int32(SOCK_STREAM.rawValue), option(SO_PROTOCOL) == Int32(IPPROTO_TCP)
        else { return false }
        var peer = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &peer) { bytes in
            bytes.baseAddress.map { getpeername(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &size) == 0 }
                ?? false
        }
    }
}

extension ChannelOptions.Types.WriteBufferWaterMark {
    static var egress: Self { .init(low: EgressLimits.lowWaterMark, high: EgressLimits.highWaterMark) }
}

extension RecvByteBufferAllocator where Self == AdaptiveRecvByteBufferAllocator {
    static var egress: Self {
        AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 16 << 10, maximum: EgressLimits.maxRead)
    }
}
