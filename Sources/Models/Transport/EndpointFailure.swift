import JSON

/// An error as an endpoint reports it, in an HTTP answer or within a stream.
struct EndpointFailure: Sendable, Equatable {
    /// HTTP status; nil when the error came within a stream.
    var status: Int?
    var retryAfter: Duration?
    /// `error.type`, in the vendor's words.
    var type: String?
    /// `error.code`, in the vendor's words.
    var code: String?
    /// `error.message`, or what there was instead.
    var message: String

    /// A quotation of more than this helps nobody.
    private static let maximumQuotedCharacters = 1000

    /// Reads the error object of an answer or an event: `{"error": {"type", "code", "message"}}` with all vendors.
    init(status: Int?, retryAfter: Duration? = nil, json: JSON) {
        self.status = status
        self.retryAfter = retryAfter
        let error = json["error"] ?? json
        type = error["type"]?.stringValue
        code = error["code"]?.stringValue ?? error["code"]?.intValue.map(String.init)
        let text = error["message"]?.stringValue ?? error.stringValue ?? json["detail"]?.stringValue ?? json.text
        message = Self.quotable(text)
    }

    /// An answer that is no JSON, of a proxy perhaps.
    init(status: Int?, retryAfter: Duration? = nil, text: String) {
        self.status = status
        self.retryAfter = retryAfter
        message = Self.quotable(text)
    }

    /// `text`, capped and without control characters, which could drive the user's terminal.
    static func quotable(_ text: String) -> String {
        let capped = text.count > maximumQuotedCharacters ? text.prefix(maximumQuotedCharacters) + "…" : text[...]
        return String(
            String.UnicodeScalarView(
                capped.unicodeScalars.map { scalar in
                    scalar.properties.generalCategory == .control ? " " : scalar
                }))
    }

    /// The error to throw.
    var modelError: ModelError {
        let detail = description
        if isContextOverflow { return .contextOverflow(detail) }
        if code == "insufficient_quota" || type == "billing_error" { return .authentication(detail) }
        switch status {
        case 401?, 402?, 403?: return .authentication(detail)
        case 408?: return .overloaded(retryAfter: retryAfter, detail: detail)
        case 413?: return .contextOverflow(detail)
        case 429?: return .rateLimited(retryAfter: retryAfter, detail: detail)
        case let status? where status >= 500: return .overloaded(retryAfter: retryAfter, detail: detail)
        case let status? where (300..<400).contains(status):
            return .invalidRequest("\(detail) Redirects are not followed; configure the final address.")
        case .some: return .invalidRequest(detail)
        case nil: return errorWithinStream(detail)
        }
    }

    /// Within a stream there is no status; the type tells.
    private func errorWithinStream(_ detail: String) -> ModelError {
        switch type ?? code ?? "" {
        case "authentication_error", "permission_error": .authentication(detail)
        case "rate_limit_error", "rate_limit_exceeded", "429": .rateLimited(retryAfter: nil, detail: detail)
        case "invalid_request_error", "not_found_error", "BadRequestError", "400": .invalidRequest(detail)
        case "request_too_large": .contextOverflow(detail)
        default: .overloaded(retryAfter: nil, detail: detail)
        }
    }

    private var isContextOverflow: Bool {
        if code == "context_length_exceeded" || type == "exceed_context_size_error" { return true }
        guard status == nil || status == 400 || status == 422 else { return false }
        let text = message.lowercased()
        return [
            "prompt is too long", "maximum context length", "exceed context limit", "available context size",
            "input is too long", "exceeds the context window",
        ].contains { text.contains($0) }
    }
}

extension EndpointFailure: CustomStringConvertible {
    var description: String {
        let origin = status.map { "It answered HTTP \($0)" } ?? "It reported an error"
        return message.isEmpty ? "\(origin)." : "\(origin): \(message)"
    }
}
