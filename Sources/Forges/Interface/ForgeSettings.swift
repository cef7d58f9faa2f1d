/// Where a forge is and how to speak to it.
public struct ForgeSettings: Sendable, Hashable {
    public var kind: ForgeKind
    /// Address of its interface, such as `https://api.github.com` or `https://git.example.com/api/v4`.
    public var baseURL: String
    public var credential: ForgeCredential
    /// Permits `http://`, over which everyone on the way reads the credential. For tests and loopback.
    public var allowsPlainHTTP: Bool
    /// PEM file with certificates of authorities that are trusted besides the system's.
    public var certificateAuthorities: String?
    public var limits: ForgeLimits

    public init(
        kind: ForgeKind, baseURL: String, credential: ForgeCredential, allowsPlainHTTP: Bool = false,
        certificateAuthorities: String? = nil, limits: ForgeLimits = ForgeLimits()
    ) {
        self.kind = kind
        self.baseURL = baseURL
        self.credential = credential
        self.allowsPlainHTTP = allowsPlainHTTP
        self.certificateAuthorities = certificateAuthorities
        self.limits = limits
    }
}
