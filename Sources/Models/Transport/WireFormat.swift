import JSON
import Secrets

/// One vendor's HTTP API: how a request is written and how the answer is read. Pure; ``HTTPModelProvider`` does the I/O.
protocol WireFormat: Sendable {
    associatedtype Decoder: WireDecoder
    associatedtype Framing: StreamFraming = ServerSentEventParser

    /// Vendor's name in ``ModelProvider/identifier``.
    static var vendor: String { get }
    /// The vendor's own address.
    static var defaultBaseURL: String { get }
    /// Whether the endpoint at the default address needs a key.
    static var keyName: String { get }

    /// Where the models are listed, beneath the base URL; nil where a key proves nothing there.
    static var listPath: String? { get }

    /// - Parameter baseURL: the configured address without a trailing slash.
    init(_ settings: ModelSettings, baseURL: String)

    /// Address that a request is posted to.
    func url(of request: ModelRequest) -> String
    /// Headers of the vendor, the key among them.
    var headers: [(name: String, value: String)] { get }
    func body(of request: ModelRequest) -> JSON
    /// Further headers for one request, such as its signature.
    /// - Throws: ``ModelError/authentication(_:)`` when there is nothing to sign with.
    func authorization(url: String, body: [UInt8]) throws(ModelError) -> Authorization
    func makeDecoder() -> Decoder
}

extension WireFormat {
    static var listPath: String? { "/models" }

    func authorization(url: String, body: [UInt8]) throws(ModelError) -> Authorization { Authorization() }
}

/// Splits the bytes of a stream into events, whatever the boundaries of the chunks that they arrive in.
protocol StreamFraming: Sendable {
    /// Content type of such a stream, in lower case.
    static var mediaType: String { get }
    /// - Parameter maximumLineBytes: the bound on one event.
    init(maximumLineBytes: Int)
    /// Takes the next chunk and returns the events that it completes.
    mutating func feed(_ chunk: some Collection<UInt8>) throws -> [ServerSentEvent]
}

extension ServerSentEventParser: StreamFraming {
    static var mediaType: String { "text/event-stream" }
}

/// Reads one answer. Fed with the events of the stream, or once with a whole answer.
protocol WireDecoder: Sendable {
    /// Takes one event; returns what a consumer may see of it. After the event that ends the stream `isComplete` is true.
    mutating func decode(_ event: ServerSentEvent) throws(ModelError) -> [ModelEvent]
    /// Takes the JSON of an endpoint that does not stream.
    mutating func decodeWhole(_ answer: JSON) throws(ModelError) -> [ModelEvent]
    /// Whether nothing of interest follows.
    var isComplete: Bool { get }
    /// The answer, when the stream has ended.
    /// - Throws: ``ModelError/streamCut(_:)`` when it ended too early.
    mutating func finish() throws(ModelError) -> ModelResponse
}

extension WireDecoder {
    /// The JSON of an event. Doubled keys are let pass: they harm nobody here.
    func json(_ bytes: [UInt8]) throws(ModelError) -> JSON {
        do throws(JSONParseError) {
            return try JSON(parsing: bytes, limits: JSONLimits(duplicateKeys: .lastWins))
        } catch {
            throw .malformedResponse("An event of the stream is not JSON: \(error).")
        }
    }
}

extension ToolCall {
    /// A call from the raw text of its arguments. No text at all counts as no arguments; anything but an object is
    /// kept as malformed.
    init(id: String, name: String, rawArguments: String) {
        if rawArguments.allSatisfy(\.isWhitespace) {
            self.init(id: id, name: name, arguments: [:])
        } else if let value = try? JSON(parsing: rawArguments), value.objectValue != nil {
            self.init(id: id, name: name, arguments: value)
        } else {
            self.init(id: id, name: name, arguments: [:], malformed: rawArguments)
        }
    }
}

extension ModelUsage {
    /// A count as an endpoint sends it; absent, negative or absurd ones become 0.
    static func count(_ value: JSON?) -> Int {
        guard let count = value?.intValue, (0...maximumCount).contains(count) else { return 0 }
        return count
    }

    /// Far above any real turn, far below where sums overflow.
    private static let maximumCount = 1 << 40
}

/// What proves who asks, made anew for each request.
struct Authorization {
    var headers: [(name: String, value: String)] = []
    /// What it was made from, where that was read for this request.
    var secrets: [SecretString] = []
}
