import Synchronization

/// Which models failed lately and had better be left alone for a while: a circuit breaker, shared by all sessions.
///
/// What fails rests; each further failure doubles the rest. After the rest one request tries it, while others still pass
/// it by; an answer ends the matter. It never forbids anything: when all models rest, they are asked all the same.
public final class ModelHealth: Sendable {
    private struct Rest {
        var until: ContinuousClock.Instant
        var length: Duration
        var failedAt: ContinuousClock.Instant
        var reason: String
    }

    private let rests = Mutex<[String: Rest]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    /// Shorter would have every other step of a session pay for the attempt.
    static let firstRest = Duration.seconds(60)
    /// An outage of hours is looked at again every so often.
    static let longestRest = Duration.seconds(600)
    /// Failures this far apart have nothing to do with each other.
    static let memory = Duration.seconds(1800)
    /// Longest rest that an endpoint may ask for.
    static let longestAskedRest = Duration.seconds(3600)

    /// - Parameter now: tests have a time of their own.
    public init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// Why `model` is to be passed by, or nil when it may be asked. The first to ask after a rest is the one that tries.
    func reasonToPass(_ model: NamedModel) -> String? {
        let now = now()
        return rests.withLock { rests in
            let keys = Self.keys(model)
            for key in keys {
                if let rest = rests[key], rest.until > now { return rest.reason }
            }
            for key in keys { rests[key]?.until = now + Self.firstRest }
            return nil
        }
    }

    /// Whether `model` rests, without trying it.
    public func isResting(_ model: NamedModel) -> Bool {
        let now = now()
        return rests.withLock { rests in Self.keys(model).contains { rests[$0].map { $0.until > now } ?? false } }
    }

    func answered(_ model: NamedModel) {
        let now = now()
        rests.withLock { rests in
            for key in Self.keys(model) {
                guard let rest = rests[key] else { continue }
                // Kept for a while: what fails again soon rests longer than before.
                if now - rest.failedAt > Self.memory { rests[key] = nil } else { rests[key]?.until = now }
            }
        }
    }

    func failed(_ model: NamedModel, _ error: ModelError) {
        guard let scope = error.restScope else { return }
        let key = scope == .endpoint ? Self.keys(model)[1] : Self.keys(model)[0]
        let now = now()
        rests.withLock { rests in
            var length = Self.firstRest
            if let rest = rests[key], now - rest.failedAt <= Self.memory {
                length = min(rest.length * 2, Self.longestRest)
            }
            let asked = min(error.retryAfter ?? .zero, Self.longestAskedRest)
            rests[key] = Rest(until: now + max(length, asked), length: length, failedAt: now, reason: error.summary)
        }
    }

    /// The model's own key and its endpoint's.
    private static func keys(_ model: NamedModel) -> [String] { ["model \(model.name)", "at \(model.endpoint)"] }
}

extension ModelError {
    enum RestScope { case model, endpoint }

    /// What rests after such an error; nil when it was about the request alone.
    var restScope: RestScope? {
        switch self {
        case .network: .endpoint
        case .authentication, .rateLimited, .overloaded, .malformedResponse, .streamCut, .stalled, .notConfigured:
            .model
        case .contextOverflow, .invalidRequest, .replayDiverged, .replayExhausted, .noModelAnswered: nil
        }
    }

    /// Whether another model may do what this one could not.
    var isWorthAnotherModel: Bool {
        switch self {
        case .authentication, .rateLimited, .overloaded, .contextOverflow, .invalidRequest, .malformedResponse,
            .streamCut, .stalled, .network, .notConfigured:
            true
        // A recording that does not fit is the test's business, or the demonstration's.
        case .replayDiverged, .replayExhausted, .noModelAnswered: false
        }
    }

    /// A few words, for a line that says why another model goes on.
    public var summary: String {
        switch self {
        case .authentication: "its key was refused"
        case .rateLimited: "it is rate limited"
        case .overloaded: "it is overloaded or failing"
        case .contextOverflow: "the conversation is too long for it"
        case .invalidRequest: "it rejected the request"
        case .malformedResponse: "its answer could not be read"
        case .streamCut: "its answer broke off"
        case .stalled: "it stalled"
        case .network: "it could not be reached"
        case .notConfigured: "it is not configured"
        case .replayDiverged, .replayExhausted: "its recording does not fit"
        case .noModelAnswered: "no model answered"
        }
    }
}
