/// Why a model gave no answer. The texts tell the user what to do; none contains a key.
public enum ModelError: Error, Sendable, Equatable {
    /// The endpoint refused the key (401), or the key lacks the right (403).
    case authentication(String)
    /// Too many requests (429). `retryAfter` is the wait that the endpoint asks for.
    case rateLimited(retryAfter: Duration?, detail: String)
    /// The endpoint is overloaded or failing (5xx).
    case overloaded(retryAfter: Duration?, detail: String)
    /// The conversation is longer than the model can read.
    case contextOverflow(String)
    /// The endpoint rejects the request; sending it again does not help.
    case invalidRequest(String)
    /// The endpoint answered something that is not its protocol.
    case malformedResponse(String)
    /// The stream ended before the answer was complete.
    case streamCut(String)
    /// The endpoint sent no byte for this long.
    case stalled(after: Duration)
    /// The endpoint could not be reached.
    case network(String)
    /// A replayed conversation went another way than the recorded one. `turn` counts from 1.
    case replayDiverged(turn: Int, place: String, expected: String, actual: String)
    /// A replayed conversation is over, but a further turn was asked for.
    case replayExhausted(turns: Int)
    /// The configuration names no usable model.
    case notConfigured(String)
    /// Several models were asked, and each failed.
    case noModelAnswered([Failure])

    /// Why one of several models gave no answer.
    public struct Failure: Sendable, Equatable {
        /// Name in `models.yaml`.
        public var model: String
        public var reason: String

        public init(model: String, reason: String) {
            self.model = model
            self.reason = reason
        }
    }

    /// Whether the same request may succeed if it is sent again.
    public var isTransient: Bool {
        switch self {
        case .rateLimited, .overloaded, .streamCut, .stalled, .network: true
        case .authentication, .contextOverflow, .invalidRequest, .malformedResponse, .replayDiverged,
            .replayExhausted, .notConfigured, .noModelAnswered:
            false
        }
    }

    /// The wait that the endpoint asked for.
    var retryAfter: Duration? {
        switch self {
        case .rateLimited(let delay, _), .overloaded(let delay, _): delay
        default: nil
        }
    }
}

extension ModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .authentication(let detail):
            "The model endpoint refused the API key; check the key and its rights. \(detail)"
        case .rateLimited(let delay?, let detail):
            "The model endpoint is rate limited; try again in \(delay.secondsText). \(detail)"
        case .rateLimited(nil, let detail):
            "The model endpoint is rate limited; try again later. \(detail)"
        case .overloaded(_, let detail):
            "The model endpoint is overloaded or failing; try again later. \(detail)"
        case .contextOverflow(let detail):
            "The conversation is longer than the model can read; start a new session or name a model with a larger "
                + "context. \(detail)"
        case .invalidRequest(let detail):
            "The model endpoint rejected the request; check the model's name and the base URL. \(detail)"
        case .malformedResponse(let detail):
            "The model endpoint's answer could not be read; check that the base URL names an endpoint of the configured "
                + "provider. \(detail)"
        case .streamCut(let detail):
            "The model's answer broke off: \(detail)"
        case .stalled(let duration):
            "The model endpoint sent nothing for \(duration.secondsText); try again, or check the endpoint."
        case .network(let detail):
            "The model endpoint could not be reached; check the base URL and the network. \(detail)"
        case .replayDiverged(let turn, let place, let expected, let actual):
            """
            The conversation left its recording at turn \(turn), \(place). Record it again if the change is wanted.
              expected: \(expected)
              got:      \(actual)
            """
        case .replayExhausted(let turns):
            "The recorded conversation has \(turns) turns, and one more was asked for. Record it again if that is wanted."
        case .notConfigured(let advice):
            "No model is configured. \(advice)"
        case .noModelAnswered(let failures):
            "No model answered. " + failures.map { "`\($0.model)`: \($0.reason)" }.joined(separator: " ")
        }
    }
}

extension Duration {
    /// Seconds with at most one decimal, such as `2 s` or `0.5 s`.
    var secondsText: String {
        let tenths = (self / .milliseconds(100)).rounded()
        let whole = tenths / 10
        return whole == whole.rounded() ? "\(Int(whole)) s" : "\(whole) s"
    }
}
