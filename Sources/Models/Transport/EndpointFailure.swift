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

    /// Reads the error object of an answer or an event: `{"error": {"type", "code", "message"}}` with most vendors,
    /// `status` and `details` (google.rpc.Status) with Google, which may put it into a list, a bare `message` with AWS.
    init(status: Int?, retryAfter: Duration? = nil, json: JSON) {
        let json = json[0] ?? json
        let error = json["error"] ?? json
        let details = error["details"]?.arrayValue ?? []
        self.status = status
        self.retryAfter = retryAfter ?? details.lazy.compactMap { Self.seconds($0["retryDelay"]) }.first
        type = error["type"]?.stringValue ?? error["status"]?.stringValue
        if details.contains(where: { $0["reason"]?.stringValue == Self.invalidKeyReason }) {
            type = "authentication_error"
        }
        code = error["code"]?.stringValue ?? error["code"]?.intValue.map(String.init)
        let text = error["message"]?.stringValue ?? error.stringValue ?? json["detail"]?.stringValue ?? json.text
        message = Self.quotable(text)
    }

    /// What Google gives as the reason of its HTTP 400 for a key that it does not know.
    private static let invalidKeyReason = "API_KEY_INVALID"

    /// A `google.protobuf.Duration` in JSON: `3.5s`.
    private static func seconds(_ value: JSON?) -> Duration? {
        guard let text = value?.stringValue, text.hasSuffix("s") else { return nil }
        return .bounded(seconds: Double(text.dropLast()) ?? .nan)
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
        if code == "insufficient_quota" || type == "billing_error" || type == "authentication_error" {
            return .authentication(detail)
        }
        switch status {
        case 401?, 402?, 403?: return .authentication(detail)
        case 408?, 424?: return .overloaded(retryAfter: retryAfter, detail: detail)
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
        case "authentication_error", "permission_error", "UNAUTHENTICATED", "PERMISSION_DENIED", "401", "403",
            "accessDeniedException":
            .authentication(detail)
        case "rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED", "throttlingException", "429":
            .rateLimited(retryAfter: retryAfter, detail: detail)
        case "invalid_request_error", "not_found_error", "BadRequestError", "invalid_prompt", "INVALID_ARGUMENT",
            "NOT_FOUND", "FAILED_PRECONDITION", "validationException", "400", "404":
            .invalidRequest(detail)
        case "request_too_large": .contextOverflow(detail)
        default: .overloaded(retryAfter: retryAfter, detail: detail)
        }
    }

    private var isContextOverflow: Bool {
        if code == "context_length_exceeded" || type == "exceed_context_size_error" { return true }
        guard status == nil || status == 400 || status == 422 else { return false }
        let text = message.lowercased()
        return [
            "prompt is too long", "maximum context length", "exceed context limit", "available context size",
            "input is too long", "exceeds the context window", "exceeds the maximum number of tokens",
        ].contains { text.contains($0) }
    }
}

extension EndpointFailure: CustomStringConvertible {
    var description: String {
        let origin = status.map { "It answered HTTP \($0)" } ?? "It reported an error"
        return message.isEmpty ? "\(origin)." : "\(origin): \(message)"
    }
}
