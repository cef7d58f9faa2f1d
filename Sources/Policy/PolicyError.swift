/// Why a layer of policy cannot be used. A layer with an error denies everything.
public enum PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
    case badRule(String, reason: String)
    case badEgressRule(String, reason: String)
    case unknownKey(String)
    case wrongType(key: String, expected: String)
    case unsupportedVersion(Int)

    public var description: String {
        switch self {
        case .badRule(let rule, let reason): "policy rule `\(rule)`: \(reason)"
        case .badEgressRule(let rule, let reason): "network rule `\(rule)`: \(reason)"
        case .unknownKey(let key): "policy: unknown key `\(key)` (known: version, tools, ask, deny, egress)"
        case .wrongType(let key, let expected): "policy: `\(key)` must be \(expected)"
        case .unsupportedVersion(let version): "policy: version \(version) is not supported (1 is)"
        }
    }
}
