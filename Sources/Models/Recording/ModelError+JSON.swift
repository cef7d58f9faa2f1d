import JSON

/// An error as a recording holds it: `{"kind": …, "detail": …}`, with `retryAfter` and `after` in milliseconds.
extension ModelError {
    var json: JSON {
        func object(_ kind: String, _ detail: String, _ more: [(String, JSON)] = []) -> JSON {
            .object(JSONObject([("kind", .string(kind)), ("detail", .string(detail))] + more))
        }
        func wait(_ name: String, _ delay: Duration?) -> [(String, JSON)] {
            delay.map { [(name, .number(JSONNumber($0.milliseconds)))] } ?? []
        }
        return switch self {
        case .authentication(let detail): object("authentication", detail)
        case .rateLimited(let delay, let detail): object("rateLimited", detail, wait("retryAfter", delay))
        case .overloaded(let delay, let detail): object("overloaded", detail, wait("retryAfter", delay))
        case .contextOverflow(let detail): object("contextOverflow", detail)
        case .invalidRequest(let detail): object("invalidRequest", detail)
        case .malformedResponse(let detail): object("malformedResponse", detail)
        case .streamCut(let detail): object("streamCut", detail)
        case .network(let detail): object("network", detail)
        case .notConfigured(let detail): object("notConfigured", detail)
        case .stalled(let after): object("stalled", "", wait("after", after))
        // What a replay said of itself says nothing to another one.
        case .replayDiverged, .replayExhausted: object("notConfigured", description)
        case .noModelAnswered(let failures):
            object(
                "noModelAnswered", "",
                [
                    (
                        "failures",
                        .array(failures.map { ["model": .string($0.model), "reason": .string($0.reason)] })
                    )
                ])
        }
    }

    init(json: JSON) throws(ConversationFormatError) {
        let detail = json["detail"]?.stringValue ?? ""
        switch json["kind"]?.stringValue {
        case "authentication": self = .authentication(detail)
        case "rateLimited": self = .rateLimited(retryAfter: .recorded(json["retryAfter"]), detail: detail)
        case "overloaded": self = .overloaded(retryAfter: .recorded(json["retryAfter"]), detail: detail)
        case "contextOverflow": self = .contextOverflow(detail)
        case "invalidRequest": self = .invalidRequest(detail)
        case "malformedResponse": self = .malformedResponse(detail)
        case "streamCut": self = .streamCut(detail)
        case "network": self = .network(detail)
        case "notConfigured": self = .notConfigured(detail)
        case "stalled": self = .stalled(after: .recorded(json["after"]) ?? .zero)
        case "noModelAnswered":
            self = .noModelAnswered(
                (json["failures"]?.arrayValue ?? []).map {
                    Failure(model: $0["model"]?.stringValue ?? "", reason: $0["reason"]?.stringValue ?? "")
                })
        case let other:
            throw ConversationFormatError(description: "an error of the unknown kind '\(other ?? "")'")
        }
    }
}
