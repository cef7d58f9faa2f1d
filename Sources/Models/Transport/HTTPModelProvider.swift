import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1
import Secrets

/// A model behind an HTTP API. One attempt per request; ``RetryingProvider`` makes further ones.
struct HTTPModelProvider<Format: WireFormat>: ModelProvider {
    let identifier: String
    private let format: Format
    private let baseURL: String
    private let headers: HTTPHeaders
    private let limits: ModelLimits
    private let transport: HTTPTransport
    private let known: KnownSecrets
    private let redactor: Redactor

    /// - Throws: ``ModelError/notConfigured(_:)`` when the settings cannot be put into a request.
    init(_ settings: ModelSettings, _ known: KnownSecrets = KnownSecrets()) throws {
        let baseURL = try Self.baseURL(of: settings)
        self.baseURL = baseURL
        format = Format(settings, baseURL: baseURL)
        headers = try Self.headers(format.headers, settings.headers)
        identifier = "\(Format.vendor)/\(settings.model)"
        limits = settings.limits
        transport = HTTPTransport.forLimits(settings.limits)
        self.known = known
        redactor = Redactor(settings.secrets, known: known)
    }

    func shutdown() async {
        await transport.shutdown()
    }

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run(request) { event in
                        continuation.yield(event)
                        // The consumer goes on at once, while what may follow on the wire is still read.
                        if case .completed = event { continuation.finish() }
                    }
                } catch let error as ModelError {
                    continuation.finish(throwing: error.redacted(by: redactor))
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { reason in
                if case .cancelled = reason { task.cancel() }
            }
        }
    }

    func probe() async throws -> String {
        do {
            // What it signs with is looked for, too.
            _ = try format.authorization(url: baseURL + "/", body: [])
            let response = try await transport.get(
                baseURL + (Format.listPath ?? "/"), headers: Format.listPath == nil ? [:] : headers,
                within: Self.probePatience)
            switch response.status.code {
            case 401 where Format.listPath != nil, 403 where Format.listPath != nil: throw await failure(response)
            case 200..<300 where Format.listPath != nil: return "its endpoint answers and takes the key"
            default: return "its endpoint answers; whether it takes the key is not known"
            }
        } catch let error as ModelError {
            throw error.redacted(by: redactor)
        }
    }

    /// An endpoint that takes longer for its head is as good as none to a person who waits.
    private static var probePatience: Duration { .seconds(10) }

    private func run(_ request: ModelRequest, emit: (ModelEvent) -> Void) async throws {
        let url = format.url(of: request)
        let body = format.body(of: request).serialized()
        var headers = headers
        let authorization = try format.authorization(url: url, body: body)
        known.add(authorization.secrets)
        for (name, value) in authorization.headers {
            headers.replaceOrAdd(name: name, value: value)
        }
        let response = try await transport.post(url, headers: headers, body: body)
        guard (200..<300).contains(response.status.code) else { throw await failure(response) }
        var decoder = format.makeDecoder()
        switch response.mediaType {
        case Format.Framing.mediaType:
            try await readStream(response.body, into: &decoder, emit)
        case "application/json":
            let bytes = try await read(response.body, upTo: limits.maximumResponseBytes)
            try decoder.decodeWhole(try decoder.json(bytes)).forEach(emit)
            emit(.completed(try decoder.finish()))
        case let other:
            throw ModelError.malformedResponse(
                "It answered with content type '\(EndpointFailure.quotable(other))' instead of an event stream or JSON."
            )
        }
    }

    private func readStream(
        _ body: HTTPClientResponse.Body, into decoder: inout Format.Decoder, _ emit: (ModelEvent) -> Void
    ) async throws {
        var parser = Format.Framing(maximumLineBytes: limits.maximumLineBytes)
        var received = 0
        var isCompleted = false
        do {
            for try await chunk in body {
                received += chunk.readableBytes
                if isCompleted {
                    // Reading to the end lets the connection be used again; but not at any price.
                    if received > Self.maximumTrailingBytes { return }
                    continue
                }
                guard received <= limits.maximumResponseBytes else { throw tooLong(limits.maximumResponseBytes) }
                for event in try parser.feed(chunk.readableBytesView) where !decoder.isComplete {
                    try decoder.decode(event).forEach(emit)
                }
                if decoder.isComplete {
                    emit(.completed(try decoder.finish()))
                    isCompleted = true
                    received = 0
                }
            }
        } catch let error as ServerSentEventParser.TooLong {
            throw tooLong(error.limit)
        } catch {
            if isCompleted { return }
            throw transport.modelError(error, bodyStarted: true)
        }
        if !isCompleted { emit(.completed(try decoder.finish())) }
    }

    /// Bytes that an endpoint may send after the end of its answer before the connection is given up.
    private static var maximumTrailingBytes: Int { 64 << 10 }

    private func read(_ body: HTTPClientResponse.Body, upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await chunk in body {
                guard bytes.count + chunk.readableBytes <= limit else { throw tooLong(limit) }
                bytes.append(contentsOf: chunk.readableBytesView)
            }
        } catch {
            throw transport.modelError(error, bodyStarted: true)
        }
        return bytes
    }

    private func tooLong(_ limit: Int) -> ModelError {
        .malformedResponse("The answer, or a line of it, is longer than \(limit) bytes.")
    }

    /// The error that an answer with an error status stands for.
    private func failure(_ response: HTTPClientResponse) async -> any Error {
        let status = Int(response.status.code)
        let retryAfter = Duration.retryAfter(in: response.headers)
        let errorType = response.headers.first(name: "x-amzn-errortype")
        var bytes: [UInt8] = []
        do {
            for try await chunk in response.body {
                bytes.append(contentsOf: chunk.readableBytesView.prefix(limits.maximumErrorBytes - bytes.count))
                if bytes.count >= limits.maximumErrorBytes { break }
            }
        } catch {
            // The status says enough; a body that breaks off adds nothing.
            if Task.isCancelled { return CancellationError() }
        }
        if let json = try? JSON(parsing: bytes, limits: JSONLimits(duplicateKeys: .lastWins)) {
            var failure = EndpointFailure(status: status, retryAfter: retryAfter, json: json)
            if failure.type == nil { failure.type = errorType.map { String($0.prefix { $0 != ":" }) } }
            return failure.modelError
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return EndpointFailure(status: status, retryAfter: retryAfter, text: text).modelError
    }
}

extension HTTPModelProvider {
    private static func baseURL(of settings: ModelSettings) throws -> String {
        var url = settings.baseURL ?? Format.defaultBaseURL
        while url.hasSuffix("/") { url.removeLast() }
        let rest = ["https://", "http://"].compactMap { url.lowercased().hasPrefix($0) ? url.dropFirst($0.count) : nil }
        guard let host = rest.first, !host.isEmpty, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !host.contains(where: { "@?#".contains($0) })
        else {
            throw ModelError.notConfigured(
                "The base URL must be http:// or https://, a host and a path, with no user, query or fragment.")
        }
        if settings.baseURL == nil, settings.apiKey?.isEmpty ?? true {
            throw ModelError.notConfigured("The vendor \(Format.vendor) needs a key: set \(Format.keyName).")
        }
        return url
    }

    private static func headers(
        _ own: [(name: String, value: String)], _ extra: [ModelSettings.Header]
    ) throws -> HTTPHeaders {
        var result = HTTPHeaders()
        result.add(name: "content-type", value: "application/json")
        result.add(name: "accept", value: "\(Format.Framing.mediaType), application/json")
        result.add(name: "user-agent", value: "cofferdam")
        for (name, value) in own + extra.map({ ($0.name, $0.value.reveal()) }) {
            // RFC 9110, section 5: a line break in a value would let it add headers of its own.
            guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte),
                value.utf8.allSatisfy({ $0 == 9 || $0 >= 32 && $0 != 127 })
            else {
                throw ModelError.notConfigured(
                    "The API key or the header '\(EndpointFailure.quotable(name))' holds a character that HTTP does not allow."
                )
            }
            result.replaceOrAdd(name: name, value: value)
        }
        return result
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension HTTPClientResponse {
    /// The media type without its parameters, in lower case; empty when the answer names none.
    fileprivate var mediaType: String {
        let value = headers.first(name: "content-type") ?? ""
        return ModelProviders.trimmed(String(value.prefix { $0 != ";" })).lowercased()
    }
}
