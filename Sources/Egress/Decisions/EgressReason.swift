/// Why the gateway decided so. The raw value is stable and fit for logs; ``explanation`` is for people.
public enum EgressReason: String, Sendable, Equatable, CaseIterable {
    /// A rule allows it.
    case allowed
    /// An allowed connection or request came to its end.
    case finished
    /// An allowed connection broke: one side reset it or its TLS failed.
    case broken

    case noRule
    case deniedByRule
    case methodNotAllowed
    case pathNotAllowed
    /// The path can be read in more than one way, so that a prefix says nothing.
    case ambiguousPath
    case invalidHost
    case invalidRequest
    case unsupported
    case addressNotListed
    case privateAddress
    case unresolved
    case unreachable
    case serverNameMismatch
    case serverNameMissing
    case encryptedHello
    case notTLS
    /// TLS with the client failed where the gateway ends it.
    case clientDistrust
    case hostMismatch
    case untrustedServer
    case invalidResponse
    case secretUnavailable
    case interceptionUnavailable
    case byteLimit
    case connectionLimit
    case tooManyConnections
    case idle
    case handshakeTimeout
    case ruleWithdrawn
    case gatewayClosed

    /// A clause without a final stop.
    public var explanation: String {
        switch self {
        case .allowed: "a rule allows it"
        case .finished: "it came to its end"
        case .broken: "the connection broke"
        case .noRule: "no rule allows this host and port"
        case .deniedByRule: "a rule denies it"
        case .methodNotAllowed: "no rule for this host allows the method"
        case .pathNotAllowed: "no rule for this host allows the path"
        case .ambiguousPath: "the path can be read in more than one way"
        case .invalidHost: "the host is not a plain ASCII name or a canonical address"
        case .invalidRequest: "the request is malformed"
        case .unsupported: "the gateway does not offer this"
        case .addressNotListed: "addresses are refused unless a rule lists exactly this one"
        case .privateAddress: "the name leads to an address that is not public"
        case .unresolved: "the name does not resolve"
        case .unreachable: "the host cannot be reached"
        case .serverNameMismatch: "the TLS server name is not the host of the connection"
        case .serverNameMissing: "the TLS client names no server"
        case .encryptedHello: "the TLS client hides the server name (Encrypted Client Hello)"
        case .notTLS: "the rule is for TLS and the client speaks something else"
        case .clientDistrust: "the client did not accept the session's certificate"
        case .hostMismatch: "the Host header is not the host of the connection"
        case .untrustedServer: "the host's certificate is not trusted"
        case .invalidResponse: "the host's response is malformed"
        case .secretUnavailable: "the credential of the rule is not available"
        case .interceptionUnavailable: "the rule needs interception and the session has no authority for it"
        case .byteLimit: "the rule's byte limit is reached"
        case .connectionLimit: "the rule's connection limit is reached"
        case .tooManyConnections: "the session has too many connections"
        case .idle: "nothing was sent for too long"
        case .handshakeTimeout: "the client did not finish its request in time"
        case .ruleWithdrawn: "the rule was withdrawn"
        case .gatewayClosed: "the gateway was closed"
        }
    }
}
