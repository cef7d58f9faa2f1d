import NIOCore

/// What a client is told when something is refused: plain text that says why, and which rule would be needed.
struct Refusal {
    var reason: EgressReason
    var detail: String?
    var scheme: EgressRule.Scheme?
    /// Fit for print.
    var host: String?
    var port: Int?
    var method: String?
    var path: String?

    init(reason: EgressReason, detail: String? = nil) {
        self.reason = reason
        self.detail = detail
    }

    init(_ denial: Denial, scheme: EgressRule.Scheme, target: EgressTarget, request: ReadableRequest? = nil) {
        reason = denial.reason
        detail = denial.detail
        self.scheme = scheme
        host = target.host.description
        port = target.port
        method = request?.method
        path = request.map { Printable.text($0.path.utf8, most: EgressLimits.maxReportedPath) }
    }

    var text: String {
        var text = "Cofferdam refused this connection"
        if let host, let port { text += " to \(host):\(port)" }
        text += ": \(reason.explanation)"
        if let detail { text += " (\(detail))" }
        text += ".\n"
        guard let scheme, let host, let port, isForLackOfRule else { return text }
        text += "A rule that allows it: scheme \(scheme.rawValue), host \(host), port \(port)"
        if let method { text += ", method \(method)" }
        if let path { text += ", path \(path)" }
        return text + ".\n"
    }

    private var isForLackOfRule: Bool {
        switch reason {
        case .noRule, .addressNotListed, .methodNotAllowed, .pathNotAllowed, .privateAddress: true
        default: false
        }
    }

    /// HTTP status: the client's fault, the policy's no, or the host's failure. Never 407, which makes clients ask for
    /// passwords.
    private var status: String {
        switch reason {
        case .invalidRequest, .invalidHost, .hostMismatch, .notTLS: "400 Bad Request"
        case .unsupported: "501 Not Implemented"
        case .handshakeTimeout: "408 Request Timeout"
        case .unresolved, .unreachable, .untrustedServer, .invalidResponse, .broken: "502 Bad Gateway"
        case .tooManyConnections, .connectionLimit, .secretUnavailable, .gatewayClosed: "503 Service Unavailable"
        default: "403 Forbidden"
        }
    }

    /// - Parameter withoutBody: for `HEAD`.
    func response(keepsAlive: Bool, withoutBody: Bool = false) -> ByteBuffer {
        let body = text
        // Many tools show of a refused CONNECT nothing but this line.
        var head = "HTTP/1.1 \(status): \(reason.explanation)\r\nX-Cofferdam-Egress: denied\r\n"
        head += "Content-Type: text/plain; charset=utf-8\r\n"
        head += "Content-Length: \(body.utf8.count)\r\nCache-Control: no-store\r\n"
        head += keepsAlive ? "\r\n" : "Connection: close\r\n\r\n"
        return ByteBuffer(string: withoutBody ? head : head + body)
    }

    var socksCode: SOCKSParser.Code {
        switch reason {
        case .unresolved: .hostUnreachable
        case .unreachable: detail == UpstreamConnector.refused ? .refused : .hostUnreachable
        case .tooManyConnections, .connectionLimit, .gatewayClosed: .generalFailure
        default: .notAllowed
        }
    }
}
