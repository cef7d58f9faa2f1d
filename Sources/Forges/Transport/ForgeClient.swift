import AsyncHTTPClient
import FoundationEssentials
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL
import Secrets

/// Requests to one forge: credential, retries, limits, redirects and conditional requests, the same for all kinds.
final class ForgeClient: Sendable {
    let limits: ForgeLimits
    let base: ForgeAddress
    private let allowsPlainHTTP: Bool
    private let client: HTTPClient
    private let cache = AnswerCache()
    private let clock: ForgeClock
    private let headers: HTTPHeaders
    private let authorization: @Sendable (ForgeCall) async throws -> SecretString?
    private let redactor: Redactor

    /// - Parameters:
    ///   - headers: the kind's own, on each request.
    ///   - authorization: the `Authorization` header's value for a request; nil for none.
    /// - Throws: ``ForgeError/notConfigured(_:)``
    init(
        _ settings: ForgeSettings, headers: [(String, String)] = [], clock: ForgeClock,
        authorization: @escaping @Sendable (ForgeCall) async throws -> SecretString?
    ) throws {
        var url = settings.baseURL
        while url.hasSuffix("/") { url.removeLast() }
        guard let base = ForgeAddress(url), !base.target.contains("?") else {
            throw ForgeError.notConfigured(
                "The forge's address must be https://, a host and a path, with no user, query or fragment.")
        }
        guard base.scheme == "https" || settings.allowsPlainHTTP else {
            throw ForgeError.notConfigured(
                "The forge's address is http://, which would show the credential to everyone on the way: use https://.")
        }
        self.base = base
        self.clock = clock
        self.authorization = authorization
        limits = settings.limits
        allowsPlainHTTP = settings.allowsPlainHTTP
        redactor = Redactor(settings.credential.secrets)
        var own = HTTPHeaders([("user-agent", "cofferdam")])
        for (name, value) in headers { own.replaceOrAdd(name: name, value: value) }
        self.headers = own
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(settings))
    }

    private static func configuration(_ settings: ForgeSettings) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = settings.certificateAuthorities { tls.additionalTrustRoots = [.file(file)] }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        // Followed here, where the credential can be left behind.
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(
            connect: TimeAmount(settings.limits.connectTimeout), read: TimeAmount(settings.limits.idleTimeout),
            write: TimeAmount(settings.limits.idleTimeout))
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    func shutdown() async {
        try? await client.shutdown()  // Fails only when it is shut down already.
    }

    /// Sends a request, again where that is safe, and returns an answer of success.
    func send(_ call: ForgeCall) async throws -> ForgeAnswer {
        try await repeated(call) { try await self.once(call) }
    }

    func json(_ call: ForgeCall) async throws -> JSON {
        try await send(call).json()
    }

    /// Both ends of what a request answers with, which may come from another host after a redirect; nil where there is none.
    func log(_ call: ForgeCall) async throws -> JobLog? {
        do {
            return try await repeated(call) { try await self.logOnce(call) }
        } catch ForgeError.notFound {
            return nil
        }
    }

    /// Waits between attempts of a caller that repeats something itself.
    func pause(afterAttempt attempt: Int) async throws {
        try await clock.sleep(backoff(attempt))
    }

    private func repeated<Value: Sendable>(
        _ call: ForgeCall, _ attempt: @Sendable () async throws -> Value
    ) async throws -> Value {
        var count = 1
        while true {
            do {
                return try await attempt()
            } catch let error as ForgeError {
                guard let delay = delay(afterAttempt: count, of: call, failing: error) else {
                    throw error.mapDetail(redactor.redact)
                }
                try await clock.sleep(delay)
                count += 1
            }
        }
    }

    private func delay(afterAttempt attempt: Int, of call: ForgeCall, failing error: ForgeError) -> Duration? {
        guard attempt < limits.maximumAttempts, error.isTransient else { return nil }
        if case .rateLimited(let asked, _) = error {
            // It was refused, so that it had no effect: also what changes something may be sent again.
            let delay = asked ?? backoff(attempt)
            return delay <= limits.maximumRetryAfter ? delay : nil
        }
        return call.isRepeatable ? backoff(attempt) : nil
    }

    private func backoff(_ attempt: Int) -> Duration {
        limits.initialDelay * Double(1 << min(attempt - 1, 10)) * clock.jitter()
    }

    private func once(_ call: ForgeCall) async throws -> ForgeAnswer {
        var address = try self.address(of: call)
        let isConditional = call.method == .GET
        for _ in 0...Self.maximumRedirects {
            var headers = try await self.headers(for: call)
            if isConditional, let tag = cache.tag(for: address.text) { headers.add(name: "if-none-match", value: tag) }
            let response = try await execute(call, address, headers, timeout: limits.requestTimeout)
            let status = Int(response.status.code)
            if status == 304, let answer = cache.answer(for: address.text) { return answer }
            if let next = try redirect(response, from: address, of: call) {
                guard next.origin == base.origin else {
                    throw ForgeError.refusedRedirect("it leads to \(ForgeText.line(next.origin)).")
                }
                address = next
                continue
            }
            guard (200..<300).contains(status) else { throw try await failure(response) }
            let answer = ForgeAnswer(
                status: status, headers: response.headers,
                bytes: try await read(response.body, upTo: limits.maximumAnswerBytes))
            if isConditional { cache.keep(answer, for: address.text) }
            return answer
        }
        throw ForgeError.refusedRedirect("there is no end to it.")
    }

    private static let maximumRedirects = 3

    private func logOnce(_ call: ForgeCall) async throws -> JobLog {
        var address = try self.address(of: call)
        for _ in 0...Self.maximumRedirects {
            // Signed addresses of stores carry what they need; the credential stays with the forge.
            let headers =
                address.origin == base.origin
                ? try await self.headers(for: call) : HTTPHeaders([("user-agent", "cofferdam")])
            let response = try await execute(call, address, headers, timeout: limits.requestTimeout * 10)
            if let next = try redirect(response, from: address, of: call) {
                guard next.scheme == "https" || allowsPlainHTTP else {
                    throw ForgeError.refusedRedirect("it leads to a place without TLS.")
                }
                address = next
                continue
            }
            guard (200..<300).contains(Int(response.status.code)) else { throw try await failure(response) }
            var ends = LogEnds(limit: limits.maximumLogBytes)
            var received = 0
            do {
                for try await chunk in response.body {
                    received += chunk.readableBytes
                    guard received <= limits.maximumLogDownload else {
                        throw ForgeError.tooLarge(limit: limits.maximumLogDownload)
                    }
                    ends.append(chunk.readableBytesView)
                }
            } catch {
                throw meaning(error)
            }
            return ends.log
        }
        throw ForgeError.refusedRedirect("there is no end to it.")
    }

    private func address(of call: ForgeCall) throws -> ForgeAddress {
        guard call.repository?.isValid ?? true else {
            throw ForgeError.notConfigured("The repository's name is not one that a forge can have.")
        }
        let path = base.target == "/" ? "" : base.target
        guard let address = ForgeAddress(base.origin + path + call.target) else {
            throw ForgeError.notConfigured("The request's address is not valid.")
        }
        return address
    }

    private func headers(for call: ForgeCall) async throws -> HTTPHeaders {
        var result = headers
        result.replaceOrAdd(name: "accept", value: call.accept)
        if let value = try await authorization(call)?.reveal() {
            // RFC 9110, section 5: a line break in a value would let it add headers of its own.
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                throw ForgeError.notConfigured("The forge's credential holds a character that HTTP does not allow.")
            }
            result.replaceOrAdd(name: "authorization", value: value)
        }
        return result
    }

    private func execute(
        _ call: ForgeCall, _ address: ForgeAddress, _ headers: HTTPHeaders, timeout: Duration
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: address.text)
        request.method = call.method
        request.headers = headers
        if let body = call.body {
            request.headers.replaceOrAdd(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.serialized()))
        }
        do {
            return try await client.execute(request, deadline: .now() + TimeAmount(timeout))
        } catch {
            throw meaning(error)
        }
    }

    /// Where an answer sends us; nil when it does not. What was posted is sent on only by 307 and 308, which say to.
    private func redirect(
        _ response: HTTPClientResponse, from address: ForgeAddress, of call: ForgeCall
    ) throws -> ForgeAddress? {
        switch response.status.code {
        case 301, 302, 303, 307, 308: break
        default: return nil
        }
        guard call.method == .GET || response.status.code == 307 || response.status.code == 308 else {
            throw ForgeError.refusedRedirect("of a request that changes something.")
        }
        guard let next = response.headers.first(name: "location").flatMap(address.following) else {
            throw ForgeError.refusedRedirect("it says not where to.")
        }
        return next
    }

    private func read(_ body: HTTPClientResponse.Body, upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await chunk in body {
                guard bytes.count + chunk.readableBytes <= limit else { throw ForgeError.tooLarge(limit: limit) }
                bytes.append(contentsOf: chunk.readableBytesView)
            }
        } catch {
            throw meaning(error)
        }
        return bytes
    }

    private static let maximumErrorBytes = 64 << 10

    private func failure(_ response: HTTPClientResponse) async throws -> ForgeError {
        var bytes: [UInt8] = []
        do {
            for try await chunk in response.body {
                bytes.append(contentsOf: chunk.readableBytesView.prefix(Self.maximumErrorBytes - bytes.count))
                if bytes.count >= Self.maximumErrorBytes { break }
            }
        } catch {
            // The status says enough; a body that breaks off adds nothing.
            try Task.checkCancellation()
        }
        return ForgeFailure(
            status: Int(response.status.code), headers: response.headers, bytes: bytes,
            limit: limits.maximumMessageCharacters, now: clock.now()
        ).error
    }

    private func meaning(_ error: any Error) -> any Error {
        if error is ForgeError || error is CancellationError || Task.isCancelled { return error }
        if let error = error as? HTTPClientError {
            switch error {
            case .cancelled: return CancellationError()
            case .readTimeout, .writeTimeout: return ForgeError.timedOut(limits.idleTimeout)
            case .deadlineExceeded: return ForgeError.timedOut(limits.requestTimeout)
            case .connectTimeout: return ForgeError.timedOut(limits.connectTimeout)
            default: break
            }
        }
        return ForgeError.network(ForgeText.line("\(error)."))
    }
}

/// Time as a client sees it; tests have their own.
struct ForgeClock: Sendable {
    var now: @Sendable () -> Date = { Date() }
    var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    /// A factor for waits, so that clients which failed at the same moment do not come back at the same moment.
    var jitter: @Sendable () -> Double = { Double.random(in: 0.5...1) }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
