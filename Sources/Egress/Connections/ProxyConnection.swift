import NIOCore
import NIOSSL

/// One connection of a program in the sandbox to its proxy, from its first byte to its last. Bound to its event loop.
///
/// The client is read only while there is room for what it sends: its bytes wait in `pending` until the stage takes them.
final class ProxyConnection {
    enum Stage {
        case socks(SOCKSParser)
        /// A request's head.
        case head(HeadLines)
        /// Names, connections or secrets are awaited.
        case busy
        /// The client's TLS hello.
        case hello(ClientHelloReader, AfterHello)
        /// The server's answer to the hello.
        case firstFlight(ServerFirstFlight, Tunnel)
        case exchange(Exchange)
        case relay(Tunnel)
        /// The last answer is given; what the client still sends is dropped.
        case draining
        case closed
    }

    enum AfterHello {
        case tunnel(Tunnel)
        case intercept(EgressRule)
    }

    /// An opaque connection.
    struct Tunnel {
        var flow: Flow
        var upstream: any Channel
        var handler: SideHandler
    }

    /// What `CONNECT` or SOCKS led to, when the gateway reads the requests inside.
    struct Inner {
        var scheme: EgressRule.Scheme
        var target: EgressTarget
    }

    /// How the client asked for a connection.
    enum Opening {
        case connect
        case socks
    }

    /// Bytes that are dropped while the last answer is on its way.
    private static let maxDrained = 1 << 20
    private static let drainTimeout = TimeAmount.seconds(5)
    /// Refused requests on one connection; more of them are no program at work but a flood of decisions.
    private static let maxRefusals = 64

    let core: GatewayCore
    let channel: any Channel
    let kind: EgressConnectionKind
    var stage: Stage
    var pending = ByteBuffer()
    var inner: Inner?
    var isSecured = false
    var refusals = 0
    /// For requests that the gateway reads; kept between them.
    var link: UpstreamLink?
    private var drained = 0
    private var isProcessing = false
    private(set) var isInputClosed = false
    private var timer: Scheduled<Void>?
    private var timeout: TimeAmount
    private var lastActivity = NIODeadline.now()

    var loop: any EventLoop { channel.eventLoop }

    init(core: GatewayCore, channel: any Channel, kind: EgressConnectionKind) {
        self.core = core
        self.channel = channel
        self.kind = kind
        timeout = core.limits.handshakeTimeout
        stage = kind == .http ? .head(HeadLines(limits: core.limits)) : .socks(SOCKSParser())
        schedule()
    }

    // MARK: The client's bytes

    func received(_ bytes: ByteBuffer) {
        var bytes = bytes
        // Elsewhere a client that sends byte by byte would never be overdue.
        if case .exchange = stage { touch() }
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeBuffer(&bytes) }
        process()
    }

    /// Lets the stages take what waits, until one needs more or something else.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        while takeStep() {}
        isProcessing = false
        readIfWanted()
    }

    /// Whether there may be more to take.
    private func takeStep() -> Bool {
        switch stage {
        case .socks(let parser): return takeSOCKS(parser)
        case .head(let lines):
            // A client that does not read its answers gets no further ones.
            return channel.isWritable && takeHead(lines)
        case .hello(let reader, let next): return takeHello(reader, next)
        case .exchange(let exchange): return takeBody(exchange)
        case .draining:
            drained += pending.readableBytes
            pending.clear()
            if drained > Self.maxDrained { shut() }
            return false
        case .busy, .firstFlight, .relay, .closed: return false
        }
    }

    private func readIfWanted() {
        let isWanted =
            switch stage {
            case .socks, .hello, .draining: true
            case .head: channel.isWritable
            case .exchange(let exchange) where !exchange.isRequestDone: link?.channel.isWritable ?? false
            // One read, to hear of the client's end.
            case .busy, .firstFlight, .exchange: pending.readableBytes == 0
            case .relay, .closed: false
            }
        if isInputClosed { endIfStarved(isWanted) } else if isWanted { channel.read() }
    }

    /// The client sends no more: what it asked for is still answered.
    func clientEnded() {
        isInputClosed = true
        process()
    }

    /// Ends what waits for bytes that will not come.
    private func endIfStarved(_ isWanted: Bool) {
        switch stage {
        // Its request was cut off.
        case .exchange(let exchange) where !exchange.isRequestDone: if pending.readableBytes == 0 { shut() }
        case .head where isWanted: if isSecured || inner?.scheme != .https { finishClient() } else { shut() }
        case .socks, .hello, .firstFlight: shut()
        // The last is closed once its answer is out.
        case .head, .busy, .exchange, .relay, .closed, .draining: break
        }
    }

    func readCompleted() { readIfWanted() }

    func clientBecameWritable() {
        switch stage {
        case .head: process()
        case .exchange: link?.channel.read()
        default: break
        }
    }

    /// The client's channel is closed.
    func clientClosed() {
        timer?.cancel()
        switch stage {
        case .exchange(let exchange): exchange.flow.close(.allow, .broken)
        case .hello(_, .tunnel(let tunnel)), .firstFlight(_, let tunnel), .relay(let tunnel):
            tunnel.flow.close(.allow, .broken)
            tunnel.upstream.close(promise: nil)
        case .hello, .socks, .head, .busy, .draining, .closed: break
        }
        stage = .closed
        pending.clear()
        link?.close()
        link = nil
        core.remove(self)
    }

    // MARK: Ends

    /// Ends everything by the gateway's own decision.
    func cut(_ reason: EgressReason) {
        switch stage {
        case .exchange(let exchange): exchange.flow.refuse(reason)
        case .hello(_, .tunnel(let tunnel)), .firstFlight(_, let tunnel), .relay(let tunnel):
            tunnel.flow.refuse(reason)
        default: break
        }
        shut()
    }

    /// Closes without a word.
    func shut() {
        switch stage {
        case .exchange(let exchange): exchange.flow.close(.allow, .broken)
        case .hello(_, .tunnel(let tunnel)), .firstFlight(_, let tunnel), .relay(let tunnel):
            tunnel.flow.close(.allow, .broken)
            tunnel.handler.side = nil
            tunnel.upstream.close(promise: nil)
        default: break
        }
        stage = .closed
        link?.close()
        link = nil
        channel.close(promise: nil)
    }

    /// Closes when everything is sent, without the reset that would take the client's answer away.
    func finishClient() {
        guard !isClosed else { return }
        stage = .draining
        link?.close()
        link = nil
        setTimeout(Self.drainTimeout)
        let channel = channel
        let mode: CloseMode = isSecured ? .all : .output
        channel.whenFlushed { channel.close(mode: mode, promise: nil) }
        process()
    }

    var isClosed: Bool { if case .closed = stage { true } else { false } }

    /// Sends a refusal for what cannot be passed on, and goes on or ends.
    func answer(_ refusal: Refusal, keepsAlive: Bool, withoutBody: Bool = false) {
        refusals += 1
        let goesOn = keepsAlive && refusals < Self.maxRefusals
        channel.writeAndFlush(refusal.response(keepsAlive: goesOn, withoutBody: withoutBody), promise: nil)
        if goesOn { awaitRequest() } else { finishClient() }
    }

    func awaitRequest() {
        stage = .head(HeadLines(limits: core.limits))
        setTimeout(core.limits.idleTimeout)
        process()
    }

    // MARK: Time

    func touch() { lastActivity = .now() }

    /// From now on the connection ends when nothing happens for this long.
    func setTimeout(_ amount: TimeAmount) {
        let isSooner = amount < timeout
        timeout = amount
        touch()
        if isSooner || timer == nil { schedule() }
    }

    private func schedule() {
        timer?.cancel()
        timer = loop.assumeIsolated().scheduleTask(deadline: lastActivity + timeout) { [weak self] in
            self?.timerFired()
        }
    }

    private func timerFired() {
        guard !isClosed else { return }
        guard .now() >= lastActivity + timeout else { return schedule() }
        switch stage {
        case .exchange, .relay: cut(.idle)
        case .head(let lines) where !lines.isStarted: shut()
        case .socks(let parser) where !parser.isStarted: shut()
        case .draining: shut()
        case .hello(_, .tunnel), .firstFlight: cut(.handshakeTimeout)
        case .busy: shut()
        case .head, .socks, .hello:
            deny(.handshakeTimeout, scheme: inner?.scheme ?? .tcp, target: inner?.target)
            shut()
        case .closed: break
        }
    }

    // MARK: Decisions

    /// Reports a refusal of what never opened.
    func deny(
        _ reason: EgressReason, scheme: EgressRule.Scheme, target: EgressTarget?, request: ReadableRequest? = nil,
        ruleId: String? = nil, host: String = "", port: Int = 0
    ) {
        core.observe(
            EgressDecision(
                id: core.nextDecision(), phase: .closed, verdict: .deny, reason: reason, ruleId: ruleId, scheme: scheme,
                host: target?.host.plain ?? host, port: target?.port ?? port, method: request?.method,
                path: request.map { Printable.text($0.path.utf8, most: EgressLimits.maxReportedPath) }))
    }

    /// Other rules are in force.
    func rulesChanged() {
        switch stage {
        case .hello(_, .tunnel(let tunnel)), .firstFlight(_, let tunnel), .relay(let tunnel): recheck(tunnel.flow)
        case .exchange(let exchange): recheck(exchange.flow)
        case .closed, .draining, .busy, .socks: break
        case .hello, .head:
            if let inner, case .failure = core.rules.decide(inner.target) { return shut() }
            // It was opened as an older rule wanted it.
            if let link, core.rules.rule(id: link.rule.id) != link.rule {
                self.link = nil
                link.close()
            }
        }
    }

    private func recheck(_ flow: Flow) {
        let rules = core.rules
        let isAllowed = rules.stillAllows(
            ruleId: flow.rule.id, target: flow.target, request: flow.request, like: flow.rule)
        guard isAllowed, let rule = rules.rule(id: flow.rule.id) else { return cut(.ruleWithdrawn) }
        flow.rule = rule
    }
}

/// Hears of the client's channel.
final class ClientSide: ChannelSide {
    private let connection: ProxyConnection

    init(_ connection: ProxyConnection) { self.connection = connection }

    func received(_ bytes: ByteBuffer) { connection.received(bytes) }
    func readCompleted() { connection.readCompleted() }
    func becameWritable() { connection.clientBecameWritable() }
    func inputClosed() { connection.clientEnded() }
    func secured() { connection.clientSecured() }
    func failed(_ error: any Error) { connection.clientFailed(error) }
    func closed() { connection.clientClosed() }
}
