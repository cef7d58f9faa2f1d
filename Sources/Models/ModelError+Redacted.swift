import Secrets

extension ModelError {
    /// The same error with every secret removed from its texts.
    func redacted(by redactor: Redactor) -> ModelError { mapTexts(redactor.redact) }

    /// The same error with its texts changed.
    func mapTexts(_ change: (String) -> String) -> ModelError {
        switch self {
        case .authentication(let detail): .authentication(change(detail))
        case .rateLimited(let delay, let detail): .rateLimited(retryAfter: delay, detail: change(detail))
        case .overloaded(let delay, let detail): .overloaded(retryAfter: delay, detail: change(detail))
        case .contextOverflow(let detail): .contextOverflow(change(detail))
        case .invalidRequest(let detail): .invalidRequest(change(detail))
        case .malformedResponse(let detail): .malformedResponse(change(detail))
        case .streamCut(let detail): .streamCut(change(detail))
        case .network(let detail): .network(change(detail))
        case .notConfigured(let detail): .notConfigured(change(detail))
        case .replayDiverged(let turn, let place, let expected, let actual):
            .replayDiverged(
                turn: turn, place: place, expected: change(expected), actual: change(actual))
        case .noModelAnswered(let failures):
            .noModelAnswered(failures.map { Failure(model: $0.model, reason: change($0.reason)) })
        case .stalled, .replayExhausted: self
        }
    }
}
