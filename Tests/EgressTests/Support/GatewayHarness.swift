import Glibc
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import Egress

/// A gateway with listeners in front of it, as the supervisor has them in a sandbox.
final class GatewayHarness: Sendable {
    let gateway: EgressGateway
    let authority: SessionAuthority?
    let httpPort: Int
    let socksPort: Int
    private let observed: ObservedDecisions
    private let listeners: [Int32]

    init(
        rules: [EgressRule], names: [String: [String]] = [:], secrets: any SecretSource = NoSecrets(),
        intercepts: Bool = false, limits: EgressLimits = .patient
    ) throws {
        let observed = ObservedDecisions()
        self.observed = observed
        authority = intercepts ? try SessionAuthority(sessionId: "test") : nil
        gateway = EgressGateway(
            sessionId: "test", rules: rules, resolver: TableResolver(names), secrets: secrets,
            certificateAuthority: authority, limits: limits, observer: { observed.append($0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let http = try Self.listen(for: .http, gateway)
        let socks = try Self.listen(for: .socks, gateway)
        httpPort = http.port
        socksPort = socks.port
        listeners = [http.descriptor, socks.descriptor]
    }

    deinit { for listener in listeners { shutdown(listener, Int32(SHUT_RDWR)) } }

    var decisions: [EgressDecision] { observed.all }

    /// Waits until the decisions are as they should be; nil when they do not become so.
    func decision(where matches: (EgressDecision) -> Bool) async -> EgressDecision? {
        for _ in 0..<3000 {
            if let found = decisions.first(where: matches) { return found }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    func curl(_ arguments: [String], socks: Bool = false) async throws -> HostCommand.Result {
        let proxy = socks ? "socks5h://127.0.0.1:\(socksPort)" : "http://127.0.0.1:\(httpPort)"
        return try await run(["curl", "-q", "-sS", "--max-time", "60", "-x", proxy] + arguments)
    }

    /// Runs a client without the proxy settings of the machine.
    func run(_ arguments: [String], in folder: String? = nil) async throws -> HostCommand.Result {
        let clean = ["env", "-u", "no_proxy", "-u", "NO_PROXY", "-u", "https_proxy", "-u", "http_proxy"]
        return try await offLoop { try HostCommand.run(clean + arguments, in: folder) }
    }

    /// A client of the HTTP proxy that sends `text` and reads to the end.
    func exchange(_ text: String) async throws -> String {
        let port = httpPort
        return try await offLoop {
            let client = try RawClient(port: port)
            try client.send(text)
            return client.readTextToEnd()
        }
    }

    private static func listen(
        for kind: EgressConnectionKind, _ gateway: EgressGateway
    ) throws -> (descriptor: Int32, port: Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard bind(listener, pointer, size) == 0, Glibc.listen(listener, 128) == 0 else { return -1 }
            return getsockname(listener, pointer, &size)
        }
        guard bound == 0 else { throw HostFailure(errno) }
        let accepting = Accepting(listener: listener, kind: kind, gateway: gateway)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(accepting)
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Accepting>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        pthread_detach(thread)
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    private final class Accepting: Sendable {
        let listener: Int32
        let kind: EgressConnectionKind
        let gateway: EgressGateway

        init(listener: Int32, kind: EgressConnectionKind, gateway: EgressGateway) {
            self.listener = listener
            self.kind = kind
            self.gateway = gateway
        }

        func run() {
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                gateway.serve(descriptor: descriptor, kind: kind)
            }
            close(listener)
        }
    }
}

extension EgressLimits {
    /// For machines on which everything else is tested at the same time.
    static var patient: EgressLimits {
        var limits = EgressLimits()
        limits.resolveTimeout = .seconds(300)
        limits.connectTimeout = .seconds(300)
        limits.handshakeTimeout = .seconds(300)
        return limits
    }
}

final class ObservedDecisions: Sendable {
    private let decisions = Mutex<[EgressDecision]>([])

    func append(_ decision: EgressDecision) { decisions.withLock { $0.append(decision) } }

    var all: [EgressDecision] { decisions.withLock { $0 } }
}

/// Knows the names of a test; a name may lead to other addresses each time.
final class TableResolver: NameResolver {
    private let names: [String: [IPAddress]]

    init(_ names: [String: [String]]) { self.names = names.mapValues { $0.compactMap { IPAddress($0) } } }

    func addresses(of name: String) async throws -> [IPAddress] {
        guard let addresses = names[name] else { throw NameResolutionError.notFound }
        return addresses
    }
}

struct TableSecrets: SecretSource {
    var values: [String: String]

    func secret(named name: String) async throws -> EgressSecret {
        guard let value = values[name] else { throw NoSecrets.Unknown() }
        return EgressSecret(value)
    }
}
