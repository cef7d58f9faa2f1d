import JSON
import Models

/// Why a program's request gets no answer, in the shape that its vendor's clients understand.
struct GatewayFailure: Error, Equatable {
    enum Kind: Equatable {
        case invalid, unauthorised, forbidden, notFound, wrongMethod, tooLarge, limited, overloaded, failed
        case contextOverflow, spent
    }

    var kind: Kind
    /// What the program's author is told. Of the service it says nothing that a sandbox must not know.
    var message: String
    /// Seconds after which it may be tried again.
    var retryAfter: Int?

    init(_ kind: Kind, _ message: String, retryAfter: Int? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }

    static func invalid(_ message: String) -> GatewayFailure { GatewayFailure(.invalid, message) }

    /// What a program asked for, and would silently not get.
    static func unsupported(_ what: String) -> GatewayFailure {
        GatewayFailure(.invalid, "\(what) is not supported by this gateway")
    }

    /// Longest text of a vendor that is passed on.
    private static let maximumDetail = 1000

    /// Addresses of endpoints and the state of the service's keys are not the sandbox's business.
    init(_ error: any Error) {
        switch error {
        case let failure as GatewayFailure: self = failure
        case ModelError.rateLimited(let delay, _):
            self.init(.limited, "the model is rate limited; try again later", retryAfter: Self.seconds(delay))
        case ModelError.overloaded(let delay, _):
            self.init(.overloaded, "the model is overloaded; try again later", retryAfter: Self.seconds(delay))
        case ModelError.streamCut, ModelError.stalled, ModelError.network, ModelError.noModelAnswered:
            self.init(.overloaded, "the model could not be reached, or its answer broke off; try again")
        case ModelError.contextOverflow:
            self.init(.contextOverflow, "prompt is too long: it exceeds the context window of the model")
        case ModelError.invalidRequest(let detail):
            self.init(.invalid, "the model's endpoint rejected the request: \(detail.prefix(Self.maximumDetail))")
        case ModelError.replayDiverged, ModelError.replayExhausted:
            self.init(.invalid, "the recorded conversation has no answer to this request")
        case let spent as BudgetSpent: self.init(.spent, spent.summary)
        case is CancellationError: self.init(.overloaded, "the session is ending")
        default: self.init(.failed, "the service could not get an answer from a model")
        }
    }

    private static func seconds(_ delay: Duration?) -> Int? {
        delay.map { Int(min(max($0.components.seconds, 1), 3600)) }
    }

    /// Whether it is no use to ask again, although the status could mean so: the vendors' clients heed `x-should-retry`.
    var isFinal: Bool { kind == .spent }

    /// HTTP status. 529 is Anthropic's for overload, which its clients try again.
    func status(_ face: GatewayFace) -> Int {
        switch kind {
        case .invalid, .contextOverflow: 400
        case .unauthorised: 401
        case .forbidden: 403
        case .notFound: 404
        case .wrongMethod: 405
        case .tooLarge: 413
        case .limited: 429
        case .spent: face == .messages ? 402 : 429
        case .overloaded: face == .messages ? 529 : 503
        case .failed: 500
        }
    }

    /// The body, or the `error` of a stream.
    func json(_ face: GatewayFace, requestId: String) -> JSON {
        guard face == .messages else { return ["error": openAI] }
        return [
            "type": "error", "error": ["type": .string(anthropicType), "message": .string(message)],
            "request_id": .string(requestId),
        ]
    }

    private var anthropicType: String {
        switch kind {
        case .invalid, .contextOverflow, .wrongMethod: "invalid_request_error"
        case .unauthorised: "authentication_error"
        case .forbidden: "permission_error"
        case .notFound: "not_found_error"
        case .tooLarge: "request_too_large"
        case .limited: "rate_limit_error"
        case .spent: "billing_error"
        case .overloaded: "overloaded_error"
        case .failed: "api_error"
        }
    }

    /// The error object of OpenAI's APIs.
    var openAI: JSON {
        let (type, code): (String, String?) =
            switch kind {
            case .invalid, .wrongMethod: ("invalid_request_error", nil)
            case .contextOverflow: ("invalid_request_error", "context_length_exceeded")
            case .unauthorised: ("invalid_request_error", "invalid_api_key")
            case .forbidden: ("invalid_request_error", "forbidden")
            case .notFound: ("invalid_request_error", "not_found")
            case .tooLarge: ("invalid_request_error", "request_too_large")
            case .limited: ("requests", "rate_limit_exceeded")
            case .spent: ("insufficient_quota", "insufficient_quota")
            case .overloaded: ("server_error", "overloaded")
            case .failed: ("server_error", nil)
            }
        return [
            "message": .string(message), "type": .string(type), "param": .null, "code": code.map(JSON.string) ?? .null,
        ]
    }
}
