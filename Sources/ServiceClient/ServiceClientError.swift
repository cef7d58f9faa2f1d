/// Why the service could not be reached or a call not be completed; the text is meant for the user.
public enum ServiceClientError: Error, Sendable, Equatable, CustomStringConvertible {
    case configuration(String)
    /// The service could not be reached.
    case unreachable(service: String, reason: String)
    /// The service does not accept the token.
    case unauthorized(service: String)
    /// The embedded service did not start; `output` is the end of what it printed.
    case embeddedStart(reason: String, output: String)
    /// The service speaks another protocol version or refused `initialize`.
    case incompatible(service: String, reason: String)
    /// The connection broke before the answer came. Whether the request was carried out is not known.
    case connectionLost(method: String)
    /// `close` was called.
    case closed

    public var description: String {
        switch self {
        case .configuration(let text): text
        case .unreachable(let service, let reason): "cannot reach the sandbox service at \(service): \(reason)"
        case .unauthorized(let service):
            "the sandbox service at \(service) does not accept the token; check COFFERDAM_TOKEN_FILE or COFFERDAM_TOKEN"
        case .embeddedStart(let reason, let output):
            "the sandbox service did not start: \(reason)" + (output.isEmpty ? "" : "\n\(output)")
        case .incompatible(let service, let reason): "the sandbox service at \(service) is not usable: \(reason)"
        case .connectionLost(let method):
            "the connection to the sandbox service broke before \(method) was answered; it may have been carried out"
        case .closed: "the service client is closed"
        }
    }

    /// Whether trying again by itself may help.
    var isPassing: Bool {
        switch self {
        case .unreachable, .connectionLost: true
        case .configuration, .unauthorized, .embeddedStart, .incompatible, .closed: false
        }
    }
}
