import NIOHTTP1
import WebSocket

/// Decides what happens to an HTTP request; does no I/O.
struct RequestRouter {
    enum Decision {
        case answer(HTTPAnswer)
        case metrics
        case upgrade(BearerTokens.Identity)
    }

    let tokens: BearerTokens
    let isDraining: Bool

    static let rpcPath = "/v1/rpc"

    func decide(_ head: HTTPRequestHead) -> Decision {
        // Only browsers send it, and no page has business here: a page that guessed the port gets nothing, token or not.
        if head.headers.contains(name: "origin") {
            return .answer(HTTPAnswer(.forbidden, "requests from web pages are refused"))
        }
        let path = head.uri.prefix { $0 != "?" }
        switch path {
        case "/healthz":
            return onlyGet(head) ?? .answer(HTTPAnswer(.ok, "ok"))
        case "/readyz":
            return onlyGet(head)
                ?? .answer(isDraining ? HTTPAnswer(.serviceUnavailable, "draining") : HTTPAnswer(.ok, "ok"))
        case "/metrics":
            if let refusal = onlyGet(head) { return refusal }
            return identity(head) == nil ? .answer(.unauthorized) : .metrics
        case Self.rpcPath:
            return decideUpgrade(head)
        default:
            return .answer(HTTPAnswer(.notFound, "not found"))
        }
    }

    private func decideUpgrade(_ head: HTTPRequestHead) -> Decision {
        guard head.method == .GET else {
            return .answer(HTTPAnswer(.methodNotAllowed, "method not allowed", headers: [("Allow", "GET")]))
        }
        guard let identity = identity(head) else { return .answer(.unauthorized) }
        guard ServerHandshake.isUpgrade(head) else {
            let headers = [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
            return .answer(HTTPAnswer(.upgradeRequired, "this is a WebSocket endpoint", headers: headers))
        }
        if isDraining {
            return .answer(
                HTTPAnswer(.serviceUnavailable, "the service is shutting down", headers: [("Retry-After", "5")]))
        }
        return .upgrade(identity)
    }

    private func onlyGet(_ head: HTTPRequestHead) -> Decision? {
        if head.method == .GET || head.method == .HEAD { return nil }
        return .answer(HTTPAnswer(.methodNotAllowed, "method not allowed", headers: [("Allow", "GET, HEAD")]))
    }

    private func identity(_ head: HTTPRequestHead) -> BearerTokens.Identity? {
        let values = head.headers["authorization"]
        guard values.count == 1 else { return nil }
        return tokens.identify(authorization: values[0])
    }
}

/// A whole HTTP response. The connection always ends after it.
struct HTTPAnswer {
    var status: HTTPResponseStatus
    var body: String
    var contentType = "text/plain; charset=utf-8"
    var headers: [(String, String)] = []

    init(_ status: HTTPResponseStatus, _ body: String, headers: [(String, String)] = []) {
        self.status = status
        self.body = body
        self.headers = headers
    }

    static let unauthorized = HTTPAnswer(
        .unauthorized, "a bearer token is needed", headers: [("WWW-Authenticate", "Bearer realm=\"cofferdam\"")])
}
