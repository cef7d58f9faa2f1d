/// Why the endpoint could not start.
public enum EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A running service has the socket.
    case inUse(String)
    case cannotListen(String, reason: String)
    case tls(path: String, reason: String)

    public var description: String {
        switch self {
        case .inUse(let path): "another service is listening on \(path)"
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .tls(let path, let reason): "TLS: \(path): \(reason)"
        }
    }
}
