import AgentProtocol
import NIOCore
import ServiceClient
import WebSocket

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A running endpoint over a fake backend, in this process.
struct TestService {
    static let token = "0123456789abcdef0123456789abcdef"

    let endpoint: ServiceEndpoint
    let backend: FakeBackend
    let address: ListenAddress

    static func start(
        _ backend: FakeBackend = FakeBackend(), on address: ListenAddress = .tcp(host: "127.0.0.1", port: 0),
        tls: EndpointConfiguration.TLSFiles? = nil, configure: (inout EndpointConfiguration) -> Void = { _ in }
    ) async throws -> TestService {
        var configuration = EndpointConfiguration(addresses: [address], tls: tls)
        // Hundreds of tests run beside each other: a client that gets no processor for a while is no slow client.
        configuration.limits.requestTimeout = .minutes(10)
        configuration.limits.initializeTimeout = .seconds(600)
        configuration.webSocket.deadAfter = .minutes(10)
        configure(&configuration)
        let tokens = try BearerTokens(parsing: "\(token)\nalice:alice-0123456789abcdef\n", path: "tokens")
        let endpoint = ServiceEndpoint(configuration: configuration, tokens: tokens, backend: backend, log: .none)
        let bound = try await endpoint.start()
        return TestService(endpoint: endpoint, backend: backend, address: bound[0])
    }

    /// Runs `body` with a service that is stopped afterwards.
    static func with<Value>(
        _ backend: FakeBackend = FakeBackend(), tls: EndpointConfiguration.TLSFiles? = nil,
        configure: (inout EndpointConfiguration) -> Void = { _ in }, _ body: (TestService) async throws -> Value
    ) async throws -> Value {
        let service = try await start(backend, tls: tls, configure: configure)
        do {
            let value = try await body(service)
            await service.endpoint.stop()
            return value
        } catch {
            await service.endpoint.stop()
            throw error
        }
    }

    var url: ServiceURL {
        switch address {
        case .tcp(let host, let port): .tcp(host: host, port: port, tls: false)
        case .unix(let path): .unix(path: path)
        }
    }

    func client(
        _ handlers: ServiceClientHandlers = ServiceClientHandlers(), name: String = "test",
        token: String = TestService.token
    ) -> ServiceClient {
        Self.client(url, handlers, name: name, token: token)
    }

    static func client(
        _ url: ServiceURL, _ handlers: ServiceClientHandlers = ServiceClientHandlers(), name: String = "test",
        token: String = TestService.token, caFile: String? = nil
    ) -> ServiceClient {
        ServiceClient(
            configuration: ServiceClientConfiguration(
                url: url, token: token, caFile: caFile, startsEmbedded: false,
                local: LocalService(directory: "/nonexistent"), clientInfo: ProgramInfo(name: name)),
            handlers: handlers)
    }
}

/// Runs `body` with a fresh private directory that is removed afterwards.
func withTemporaryDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    var template = Array("/tmp/cofferdam-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp: \(errno)") }
    let path = String(cString: made)
    defer { removeTree(path) }
    return try await body(path)
}

private func removeTree(_ path: String) {
    if let folder = opendir(path) {
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { removeTree(path + "/" + name) }
        }
        closedir(folder)
        rmdir(path)
    } else {
        unlink(path)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
