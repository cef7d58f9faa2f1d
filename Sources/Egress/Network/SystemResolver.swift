import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Resolves names as the system does: its hosts file, then `getaddrinfo`, on threads of its own.
///
/// Names are asked for as absolute, so that no search domain of the machine is added to what a sandbox asks for. The system
/// tells no lifetimes: answers are kept for a short time, long enough that one build asks once.
public final class SystemResolver: NameResolver {
    /// One for the whole process, with one cache.
    public static let shared = SystemResolver()

    /// Answers live as long as the shortest lifetimes that are common in DNS.
    private static let lifetime = TimeAmount.seconds(30)
    private static let failureLifetime = TimeAmount.seconds(3)
    private static let maxEntries = 1024
    /// `getaddrinfo` blocks for up to half a minute when servers do not answer.
    private static let threads = 4
    private static let maxPending = 256

    private struct Entry {
        var result: Result<[IPAddress], NameResolutionError>
        var expiry: NIODeadline
    }

    private struct State {
        var cache: [String: Entry] = [:]
        var pending: [String: [CheckedContinuation<[IPAddress], any Error>]] = [:]
    }

    private let pool: NIOThreadPool
    private let state = Mutex(State())
    private let lookUp: @Sendable (String) -> Result<[IPAddress], NameResolutionError>

    public convenience init(hostsFile: String = "/etc/hosts") {
        self.init { name in
            if let addresses = HostsFile.addresses(of: name, in: hostsFile) { return .success(addresses) }
            return SystemLookup.addresses(of: name)
        }
    }

    init(lookUp: @escaping @Sendable (String) -> Result<[IPAddress], NameResolutionError>) {
        self.lookUp = lookUp
        pool = NIOThreadPool(numberOfThreads: Self.threads)
        pool.start()
    }

    deinit { pool.shutdownGracefully { _ in } }

    public func addresses(of name: String) async throws -> [IPAddress] {
        try await withCheckedThrowingContinuation { continuation in
            enum Step {
                case answer(Result<[IPAddress], NameResolutionError>)
                case start
                case wait
            }
            let step = state.withLock { state -> Step in
                if let entry = state.cache[name], entry.expiry > .now() { return .answer(entry.result) }
                if state.pending[name] != nil {
                    state.pending[name]?.append(continuation)
                    return .wait
                }
                guard state.pending.count < Self.maxPending else { return .answer(.failure(.overloaded)) }
                state.pending[name] = [continuation]
                return .start
            }
            switch step {
            case .answer(let result): continuation.resume(with: result.mapError { $0 as any Error })
            case .wait: break
            case .start:
                pool.submit { [self] phase in
                    finish(name, phase == .active ? lookUp(name) : .failure(.failed("the resolver is shut down")))
                }
            }
        }
    }

    private func finish(_ name: String, _ result: Result<[IPAddress], NameResolutionError>) {
        let waiting = state.withLock { state in
            if state.cache.count >= Self.maxEntries { state.cache.removeAll() }
            let lifetime = if case .success = result { Self.lifetime } else { Self.failureLifetime }
            state.cache[name] = Entry(result: result, expiry: .now() + lifetime)
            return state.pending.removeValue(forKey: name) ?? []
        }
        for continuation in waiting { continuation.resume(with: result.mapError { $0 as any Error }) }
    }
}

/// The system's resolver, blocking.
enum SystemLookup {
    static func addresses(of name: String) -> Result<[IPAddress], NameResolutionError> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // The final dot makes the name absolute.
        let code = getaddrinfo(name + ".", nil, &hints, &list)
        guard code == 0 else {
            if code == EAI_NONAME || code == -5 { return .failure(.notFound) }  // -5 is EAI_NODATA, a GNU name
            return .failure(.failed(String(cString: gai_strerror(code))))
        }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let info = next {
            next = info.pointee.ai_next
            guard let address = address(info.pointee), !addresses.contains(address) else { continue }
            addresses.append(address)
        }
        return addresses.isEmpty ? .failure(.notFound) : .success(addresses)
    }

    private static func address(_ info: addrinfo) -> IPAddress? {
        guard let pointer = info.ai_addr else { return nil }
        switch info.ai_family {
        case AF_INET where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
            return UnsafeRawPointer(pointer).loadUnaligned(as: sockaddr_in.self).address
        case AF_INET6 where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
            var storage = UnsafeRawPointer(pointer).loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: &storage) { IPAddress(v6: Array($0)) }
        default: return nil
        }
    }
}

extension sockaddr_in {
    fileprivate var address: IPAddress { .v4(UInt32(bigEndian: sin_addr.s_addr)) }
}
