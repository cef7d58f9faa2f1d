/// Where the endpoint listens.
public enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// `port` 0: the system chooses.
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// Reads `HOST:PORT`, with an IPv6 address in brackets: `[::1]:7766`.
    public init(parsing text: String) throws(ConfigurationError) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw .invalid(option: "--listen", value: text, expected: "HOST:PORT") }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .invalid(option: "--listen", value: text, expected: "an IPv6 address in brackets: [::1]:7766")
        }
        guard !host.isEmpty else { throw .invalid(option: "--listen", value: text, expected: "HOST:PORT") }
        self = .tcp(host: String(host), port: port)
    }

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
