/// Removes secrets from texts that others will read.
struct Redactor: Sendable {
    /// Shorter values (a header such as `1`) would tear holes into every text without hiding anything.
    private static let shortestSecret = 6
    private static let mark = "<redacted>"
    /// What vendors' keys begin with. Some endpoints quote the key that they refuse, or parts of it.
    private static let keyPrefix = "sk-"
    private static let shortestKeyTail = 6

    private let secrets: [String]

    init(_ secrets: [SecretString]) {
        // Longest first: a secret may be part of another.
        self.secrets = secrets.map { $0.reveal() }.filter { $0.utf8.count >= Self.shortestSecret }
            .sorted { $0.utf8.count > $1.utf8.count }
    }

    func redact(_ text: String) -> String {
        var result = text
        for secret in secrets { result = result.replacing(secret, with: Self.mark) }
        return Self.redactKeyLike(result)
    }

    private static func redactKeyLike(_ text: String) -> String {
        guard text.contains(keyPrefix) else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: keyPrefix) {
            result += rest[..<start.lowerBound]
            let tail = rest[start.upperBound...].prefix { character in
                character.isASCII && (character.isLetter || character.isNumber || "-_*.".contains(character))
            }
            result += tail.count >= shortestKeyTail ? mark : String(rest[start.lowerBound..<tail.endIndex])
            rest = rest[tail.endIndex...]
        }
        return result + rest
    }
}

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
        case .stalled, .replayExhausted: self
        }
    }
}
