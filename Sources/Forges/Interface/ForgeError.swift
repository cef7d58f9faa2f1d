/// Why a forge did not do what was asked. The details hold the forge's own words where it gave any: capped, without control
/// characters, without the credential, and not to be trusted.
public enum ForgeError: Error, Sendable, Hashable {
    /// The settings or the request cannot be right, whatever the forge says.
    case notConfigured(String)
    /// 401: the credential is wrong or has ended.
    case unauthorized(String)
    /// 403: the credential is valid and may not do this.
    case forbidden(String)
    /// 404 or 410: there is no such thing, or the credential may not see it.
    case notFound(String)
    /// 400 or 422: the forge does not take what was sent.
    case invalid(String)
    /// 409: another state than expected; for instance, an open change for the same branch.
    case conflict(String)
    /// 429, or 403 with a spent limit.
    case rateLimited(retryAfter: Duration?, String)
    /// 5xx.
    case unavailable(String)
    /// No connection, or one that broke.
    case network(String)
    /// No answer within this time.
    case timedOut(Duration)
    /// An answer that is not what the interface promises.
    case malformedAnswer(String)
    /// The answer is longer than this.
    case tooLarge(limit: Int)
    /// The forge sent us on to a place where we do not go.
    case refusedRedirect(String)

    /// The same request may do better later.
    public var isTransient: Bool {
        switch self {
        case .rateLimited, .unavailable, .network, .timedOut: true
        case .notConfigured, .unauthorized, .forbidden, .notFound, .invalid, .conflict, .malformedAnswer, .tooLarge,
            .refusedRedirect:
            false
        }
    }
}

extension ForgeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notConfigured(let detail): detail
        case .unauthorized(let detail):
            "The forge does not accept the credential: check that it is set and has not expired. \(detail)"
        case .forbidden(let detail):
            "The forge's credential may not do this: give it the rights that the reference lists. \(detail)"
        case .notFound(let detail):
            "The forge has no such repository, branch or pull request, or hides it from this credential. \(detail)"
        case .invalid(let detail): "The forge does not take the request. \(detail)"
        case .conflict(let detail): "The forge has it in another state. \(detail)"
        case .rateLimited(let retryAfter, let detail):
            "The forge's request limit is spent\(retryAfter.map { "; it asks to wait \($0.components.seconds) s" } ?? "")."
                + " \(detail)"
        case .unavailable(let detail): "The forge does not work at the moment. \(detail)"
        case .network(let detail): "The forge cannot be reached: \(detail)"
        case .timedOut(let limit): "The forge did not answer within \(limit.components.seconds) s."
        case .malformedAnswer(let detail):
            "The forge's answer makes no sense: \(detail) Check the forge's address and kind."
        case .tooLarge(let limit): "The forge's answer is longer than \(limit) bytes."
        case .refusedRedirect(let detail):
            "The forge answered with a redirect that is not followed: \(detail) Configure the final address."
        }
    }
}
