import FoundationEssentials
import JSON
import NIOHTTP1

/// An answer with a status of failure.
struct ForgeFailure {
    var status: Int
    var headers: HTTPHeaders
    var bytes: [UInt8]
    /// Longest message, in characters.
    var limit: Int
    var now: Date

    var error: ForgeError {
        let detail = "It answered HTTP \(status)\(message.isEmpty ? "." : ": \(message)")"
        switch status {
        case 401: return .unauthorized(detail)
        case 403: return isRateLimited ? .rateLimited(retryAfter: retryAfter, detail) : .forbidden(detail)
        case 404, 410: return .notFound(detail)
        case 409: return .conflict(detail)
        case 408: return .unavailable(detail)
        case 429: return .rateLimited(retryAfter: retryAfter, detail)
        case 500...599: return .unavailable(detail)
        default: return .invalid(detail)
        }
    }

    /// GitHub refuses with 403 when a limit is spent, the secondary ones among them, and says so in headers.
    private var isRateLimited: Bool {
        headers.first(name: "x-ratelimit-remaining") == "0" || headers.contains(name: "retry-after")
            || message.lowercased().contains("secondary rate limit")
    }

    /// `Retry-After` in seconds (RFC 9110, section 10.2.3), or the time at which the forge's window ends.
    var retryAfter: Duration? {
        if let seconds = headers.first(name: "retry-after").flatMap(Double.init) { return Self.bounded(seconds) }
        for name in ["x-ratelimit-reset", "ratelimit-reset"] {
            if let time = headers.first(name: name).flatMap(Double.init) {
                return Self.bounded(max(0, time - now.timeIntervalSince1970) + 1)
            }
        }
        return nil
    }

    /// The header is not trusted: absurd values become nil or a day.
    private static func bounded(_ seconds: Double) -> Duration? {
        guard seconds.isFinite, seconds >= 0 else { return nil }
        return .milliseconds(Int((min(seconds, 86_400) * 1000).rounded(.up)))
    }

    /// What the forge says, in any of the shapes that forges have.
    var message: String {
        guard let json = try? JSON(parsing: bytes, limits: JSONLimits(duplicateKeys: .lastWins)) else {
            let text = String(decoding: bytes, as: UTF8.self)
            return ForgeText.line(text.hasPrefix("<") ? "" : text, limit: limit)
        }
        var parts: [String] = []
        // GitHub, GitLab, Gitea: `message`, a text or an object of lists; GitLab also `error`, OAuth's description;
        // Bitbucket: `error.message`, `error.detail`.
        for value in [
            json["message"], json["error"], json["error_description"], json["error"]?["message"],
            json["error"]?["detail"],
        ] {
            if let value { parts += Self.texts(value) }
        }
        for error in (json["errors"]?.arrayValue ?? []).prefix(Self.maximumParts) {
            if let text = error["message"]?.stringValue ?? error.stringValue {
                parts.append(text)
            } else {
                // GitHub: {"resource": "PullRequest", "field": "head", "code": "invalid"}
                parts.append(
                    ["resource", "field", "code"].compactMap { error[$0]?.stringValue }.joined(separator: " "))
            }
        }
        return ForgeText.line(parts.filter { !$0.isEmpty }.joined(separator: "; "), limit: limit)
    }

    private static let maximumParts = 10

    /// A text, a list of texts, or an object with lists of texts by field.
    private static func texts(_ value: JSON) -> [String] {
        if let text = value.stringValue { return [text] }
        if let list = value.arrayValue { return list.prefix(maximumParts).compactMap(\.stringValue) }
        guard let object = value.objectValue else { return [] }
        return object.prefix(maximumParts).compactMap { field, value in
            guard let list = value.arrayValue else { return nil }
            return "\(field) " + list.prefix(maximumParts).compactMap(\.stringValue).joined(separator: ", ")
        }
    }
}

extension ForgeError {
    /// The same error with its text changed.
    func mapDetail(_ change: (String) -> String) -> ForgeError {
        switch self {
        case .notConfigured(let detail): .notConfigured(change(detail))
        case .unauthorized(let detail): .unauthorized(change(detail))
        case .forbidden(let detail): .forbidden(change(detail))
        case .notFound(let detail): .notFound(change(detail))
        case .invalid(let detail): .invalid(change(detail))
        case .conflict(let detail): .conflict(change(detail))
        case .rateLimited(let retryAfter, let detail): .rateLimited(retryAfter: retryAfter, change(detail))
        case .unavailable(let detail): .unavailable(change(detail))
        case .network(let detail): .network(change(detail))
        case .malformedAnswer(let detail): .malformedAnswer(change(detail))
        case .refusedRedirect(let detail): .refusedRedirect(change(detail))
        case .timedOut, .tooLarge: self
        }
    }
}
