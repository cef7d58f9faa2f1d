import Glibc
import NIOCore
import NIOPosix

/// Reaches a host: resolves it, keeps the addresses that may be used, and connects to exactly those, in turn.
struct UpstreamConnector: Sendable {
    struct Connected: Sendable {
        var channel: any Channel
        var address: IPAddress
    }

    static let refused = "connection refused"

    let core: GatewayCore
    let rule: EgressRule
    let target: EgressTarget
    /// For tunnels, in which one direction may end before the other.
    let halfCloses: Bool
    let loop: any EventLoop

    /// Fails with ``Denial`` only.
    func connect() -> EventLoopFuture<Connected> {
        addresses().flatMap { attempt($0[...]) }
    }

    /// What may be connected to, never empty.
    private func addresses() -> EventLoopFuture<[IPAddress]> {
        switch target.host {
        case .address(let address):
            // The rule lists exactly this one.
            let isAllowed =
                switch AddressClass(address) {
                case .global: true
                case .local, .sensitive: rule.allowPrivate
                case .unusable: false
                }
            return isAllowed
                ? loop.makeSucceededFuture([address]) : loop.makeFailedFuture(Denial(.privateAddress))
        case .name(let name):
            let resolver = core.resolver
            return loop.makeFutureWithTask { try await resolver.addresses(of: name) }
                .limited(to: core.limits.resolveTimeout, on: loop)
                .flatMapErrorThrowing { error in throw Denial(.unresolved, detail: Self.detail(error)) }
                .flatMapThrowing { try usable($0) }
        }
    }

    private func usable(_ addresses: [IPAddress]) throws(Denial) -> [IPAddress] {
        guard !addresses.isEmpty else { throw Denial(.unresolved) }
        let usable = addresses.filter { address in
            switch AddressClass(address) {
            case .global: true
            case .local: rule.allowPrivate
            case .sensitive, .unusable: false
            }
        }
        guard !usable.isEmpty else { throw Denial(.privateAddress) }
        return Array(usable.prefix(core.limits.maxAddresses))
    }

    private func attempt(_ addresses: ArraySlice<IPAddress>) -> EventLoopFuture<Connected> {
        guard let address = addresses.first, let socket = try? address.socketAddress(port: target.port) else {
            return loop.makeFailedFuture(Denial(.unreachable))
        }
        return ClientBootstrap(group: loop)
            .connectTimeout(core.limits.connectTimeout)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: EgressLimits.readsAtOnce)
            .channelOption(.allowRemoteHalfClosure, value: halfCloses)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .egress)
            .channelOption(.recvAllocator, value: .egress)
            .connect(to: socket)
            .map { Connected(channel: $0, address: address) }
            .flatMapError { error in
                let rest = addresses.dropFirst()
                if !rest.isEmpty { return attempt(rest) }
                return loop.makeFailedFuture(Denial(.unreachable, detail: Self.detail(error)))
            }
    }

    private static func detail(_ error: any Error) -> String? {
        switch error {
        case NameResolutionError.notFound: "no such name"
        case NameResolutionError.overloaded: "too many names are being resolved"
        case NameResolutionError.failed(let text): text
        case is ChannelError, is Overdue: "no answer in time"
        case let error as IOError:
            error.errnoCode == ECONNREFUSED ? refused : String(cString: strerror(error.errnoCode))
        default: nil
        }
    }
}

/// Something took longer than it may.
struct Overdue: Error {}

extension EventLoopFuture where Value: Sendable {
    /// Fails with ``Overdue`` after a while; what comes later is dropped.
    func limited(to amount: TimeAmount, on loop: any EventLoop) -> EventLoopFuture<Value> {
        let promise = loop.makePromise(of: Value.self)
        let timer = loop.scheduleTask(in: amount) { promise.fail(Overdue()) }
        whenComplete { result in
            timer.cancel()
            promise.completeWith(result)
        }
        return promise.futureResult
    }
}
