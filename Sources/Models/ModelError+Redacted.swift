import Secrets

extension ModelError {
    /// The same error with every secret removed from its texts.
    func redacted(by redactor: Redactor) -> ModelError {
        switch self {
        case .authentication(let detail): .authentication(redactor.redact(detail))
        case .rateLimited(let delay, let detail): .rateLimited(retryAfter: delay, detail: redactor.redact(detail))
        case .overloaded(let delay, let detail): .overloaded(retryAfter: delay, detail: redactor.redact(detail))
        case .contextOverflow(let detail): .contextOverflow(redactor.redact(detail))
        case .invalidRequest(let detail): .invalidRequest(redactor.redact(detail))
        case .malformedResponse(let detail): .malformedResponse(redactor.redact(detail))
        case .streamCut(let detail): .streamCut(redactor.redact(detail))
        case .network(let detail): .network(redactor.redact(detail))
        case .notConfigured(let detail): .notConfigured(redactor.redact(detail))
        case .replayDiverged(let turn, let place, let expected, let actual):
            .replayDiverged(
                turn: turn, place: place, expected: redactor.redact(expected), actual: redactor.redact(actual))
        case .noModelAnswered(let failures):
            .noModelAnswered(failures.map { Failure(model: $0.model, reason: redactor.redact($0.reason)) })
        case .stalled, .replayExhausted: self
        }
    }
}
