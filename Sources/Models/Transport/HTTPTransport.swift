import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// The HTTP client that providers share, so that sessions share warm connections.
final class HTTPTransport: Sendable {
    /// For providers with the usual limits. Lives as long as the process.
    static let shared = HTTPTransport(limits: ModelLimits())

    /// The transport for `limits`: the shared one where its timeouts fit.
    static func forLimits(_ limits: ModelLimits) -> HTTPTransport {
        let usual = shared.limits
        return limits.idleTimeout == usual.idleTimeout && limits.connectTimeout == usual.connectTimeout
            ? shared : HTTPTransport(limits: limits)
    }

    private let client: HTTPClient
    private let limits: ModelLimits

    init(limits: ModelLimits) {
        self.limits = limits
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow  // A redirect would carry the key to another host.
        configuration.timeout = .init(
            connect: TimeAmount(limits.connectTimeout), read: TimeAmount(limits.idleTimeout),
            write: TimeAmount(limits.idleTimeout))
        // RetryingProvider retries, and says so; here it would be ten silent seconds.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Posts `body`; returns when the head of the answer is there.
    func post(
        _ url: String, headers: HTTPHeaders, body: [UInt8]
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = headers
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            // No deadline: the timeouts bound every wait, and an answer may rightly take many minutes.
            return try await client.execute(request, deadline: .distantFuture)
        } catch {
            throw modelError(error, bodyStarted: false)
        }
    }

    /// Gets what is at an address; returns when the head of the answer is there.
    func get(_ url: String, headers: HTTPHeaders, within limit: Duration) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        request.headers = headers
        do { return try await client.execute(request, timeout: TimeAmount(limit)) } catch {
            throw modelError(error, bodyStarted: false)
        }
    }

    /// Closes the connections, unless others share them.
    func shutdown() async {
        guard self !== HTTPTransport.shared else { return }
        try? await client.shutdown()  // Fails only when it is shut down already.
    }

    /// What a failure of the client means. Cancellation stays what it is.
    /// - Parameter bodyStarted: whether the head of the answer had arrived.
    func modelError(_ error: any Error, bodyStarted: Bool) -> any Error {
        if error is ModelError || error is CancellationError || Task.isCancelled { return error }
        if let error = error as? HTTPClientError {
            switch error {
            case .cancelled: return CancellationError()
            case .readTimeout, .writeTimeout, .deadlineExceeded: return ModelError.stalled(after: limits.idleTimeout)
            case .invalidURL, .emptyHost, .emptyScheme:
                return ModelError.notConfigured("The base URL is not a valid address.")
            case .alreadyShutdown: return ModelError.network("The connections of this provider are closed.")
            default: break
            }
        }
        let reason = EndpointFailure.quotable("\(error)")
        return bodyStarted ? ModelError.streamCut("the connection failed (\(reason)).") : ModelError.network(reason)
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
