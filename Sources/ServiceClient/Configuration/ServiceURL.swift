/// Where a service is: `unix:/path`, `ws://host[:port]` or `wss://host[:port]`.
public enum ServiceURL: Sendable, Equatable, CustomStringConvertible {
    case unix(path: String)
    case tcp(host: String, port: Int, tls: Bool)

    /// Ports where the URL names none.
    private static let plainPort = 80
    private static let tlsPort = 443

    /// - Throws: `ServiceClientError.configuration`, with what is wrong.
    public init(parsing text: String) throws(ServiceClientError) {
        func bad(_ why: String) -> ServiceClientError {
            .configuration("service URL \(text): \(why); write unix:/path, ws://host:port or wss://host:port")
        }
        if text.hasPrefix("unix:") {
            let path = text.dropFirst("unix:".count)
            guard path.hasPrefix("/") else { throw bad("the path is not absolute") }
            self = .unix(path: String(path.hasPrefix("///") ? path.dropFirst(2) : path))
            return
        }
        let tls: Bool
        var rest: Substring
        if text.hasPrefix("wss://") {
            (tls, rest) = (true, text.dropFirst("wss://".count))
        } else if text.hasPrefix("ws://") {
            (tls, rest) = (false, text.dropFirst("ws://".count))
        } else {
            throw bad("unknown scheme")
        }
        if rest.hasSuffix("/v1/rpc") { rest = rest.dropLast("/v1/rpc".count) }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.contains(where: { "/?#@".contains($0) }) else { throw bad("only a host and a port are expected") }
        var host = rest
        var port = tls ? Self.tlsPort : Self.plainPort
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number) else {
                throw bad("the port is not a number from 1 to 65535")
            }
            host = rest[..<colon]
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw bad("an IPv6 address belongs in brackets")
        }
        guard !host.isEmpty else { throw bad("the host is missing") }
        self = .tcp(host: String(host), port: port, tls: tls)
    }

    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port, let tls):
            "\(tls ? "wss" : "ws")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }
}
