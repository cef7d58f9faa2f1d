/// One thing that a session may reach, or may not. Whatever no rule allows is denied.
///
/// A rule that denies wins over all that allow, wherever it stands. Of those that allow, the first that matches decides
/// which credential, limits and kind of inspection apply.
public struct EgressRule: Sendable, Equatable {
    /// What is spoken to the host, and so what the gateway checks.
    public enum Scheme: String, Sendable, Equatable {
        /// Plain HTTP/1: every request is parsed and decided on its own.
        case http
        /// TLS: the server name in the client's hello must be the host. Opaque after that, unless ``EgressRule/intercept``.
        case https
        /// Any bytes over TCP, unchecked: for protocols that the gateway does not know.
        case tcp
    }

    public enum Effect: String, Sendable, Equatable {
        case allow
        /// Only ``EgressRule/scheme``, ``EgressRule/host``, ``EgressRule/port``, ``EgressRule/methods`` and
        /// ``EgressRule/pathPrefix`` count. What the gateway cannot see, it takes to be what is denied: a denied path closes
        /// opaque connections to that host altogether.
        case deny
    }

    /// Names the rule in decisions, counters and denials; unique in a set.
    public var id: String
    public var scheme: Scheme
    /// An exact name (`api.example.com`), every name beneath one at any depth but not itself (`*.example.com`), or an
    /// exact IPv4 or IPv6 address. Case and one trailing dot do not matter; international names are given as punycode.
    public var host: String
    public var port: Int
    /// Allowed methods, in capitals; nil allows all but `CONNECT` and `TRACE`. Only for what the gateway can read.
    public var methods: Set<String>?
    /// The path must be this, or lie beneath it by whole segments; nil allows all. Only for what the gateway can read.
    public var pathPrefix: String?
    /// End the client's TLS with the session's own authority, to see and decide each request. Only with `https`.
    public var intercept: Bool
    /// Put into every request that this rule allows. Needs `intercept`, or `allowPrivate` with plain `http`.
    ///
    /// The client never has it, but a host that shows requests in its responses would show it: give credentials to paths
    /// that do not.
    public var credential: CredentialReference?
    /// Bytes up and down together, over all connections of the session; nil is no limit.
    public var maximumBytes: Int?
    /// Connections at one time; nil is the session's own limit.
    public var maximumConnections: Int?
    /// Allow the host to resolve to loopback and private ranges.
    ///
    /// Link-local and metadata addresses are allowed only when ``host`` is exactly that address. Multicast, unspecified
    /// and reserved ranges and IPv6 forms that hide an IPv4 address are never allowed.
    public var allowPrivate: Bool
    /// PEM file with the authorities that sign the host's certificate, instead of the system's. Only with `intercept`.
    public var certificateAuthorityFile: String?
    /// Let a TLS client that names no server through. Only with opaque `https`.
    public var allowMissingServerName: Bool
    /// Let a TLS client through that hides the real server name (Encrypted Client Hello); the outer name is still
    /// checked. Behind a shared front such a client can reach other hosts than this one. Only with opaque `https`.
    public var allowEncryptedHello: Bool
    public var effect: Effect
    /// Rules with the same key share their counters, and so their limits; nil is the rule's own ``id``.
    public var limitsKey: String?

    public init(
        id: String, scheme: Scheme, host: String, port: Int, methods: Set<String>? = nil, pathPrefix: String? = nil,
        intercept: Bool = false, credential: CredentialReference? = nil, maximumBytes: Int? = nil,
        maximumConnections: Int? = nil, allowPrivate: Bool = false, certificateAuthorityFile: String? = nil,
        allowMissingServerName: Bool = false, allowEncryptedHello: Bool = false, effect: Effect = .allow,
        limitsKey: String? = nil
    ) {
        self.id = id
        self.scheme = scheme
        self.host = host
        self.port = port
        self.methods = methods
        self.pathPrefix = pathPrefix
        self.intercept = intercept
        self.credential = credential
        self.maximumBytes = maximumBytes
        self.maximumConnections = maximumConnections
        self.allowPrivate = allowPrivate
        self.certificateAuthorityFile = certificateAuthorityFile
        self.allowMissingServerName = allowMissingServerName
        self.allowEncryptedHello = allowEncryptedHello
        self.effect = effect
        self.limitsKey = limitsKey
    }
}
