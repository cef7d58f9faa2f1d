/// Why the service cannot be configured as asked; the text tells the user what to do.
public enum ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalid(option: String, value: String, expected: String)
    case conflict(String)
    case unreadable(path: String, reason: String)
    case tokenFile(path: String, line: Int?, reason: String)
    /// Asked to serve plain text where others could listen.
    case plaintext(address: String)

    public var description: String {
        switch self {
        case .invalid(let option, let value, let expected): "\(option) \(value): expected \(expected)"
        case .conflict(let text): text
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .tokenFile(let path, let line, let reason):
            "token file \(path)\(line.map { ", line \($0)" } ?? ""): \(reason)"
        case .plaintext(let address):
            "\(address) can be reached from other machines and no TLS certificate is given: pass --tls-cert and --tls-key, "
                + "or listen on 127.0.0.1; --insecure-allow-plaintext overrides this behind a proxy that does TLS"
        }
    }
}
