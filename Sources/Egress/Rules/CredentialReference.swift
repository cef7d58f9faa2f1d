/// Which secret goes into a request, and how. The secret itself is asked of a ``SecretSource`` for each request.
public struct CredentialReference: Sendable, Equatable {
    public enum Placement: Sendable, Equatable {
        /// The secret is the value of this header.
        case header(name: String)
        /// `Authorization: Bearer <secret>`.
        case bearer
        /// `Authorization: Basic`, the secret being the password (RFC 7617).
        case basic(user: String)
    }

    /// The name by which the secret source knows it.
    public var secret: String
    public var placement: Placement

    public init(secret: String, placement: Placement) {
        self.secret = secret
        self.placement = placement
    }

    /// The header that carries it; what the client sends under this name is removed.
    var headerName: String {
        switch placement {
        case .header(let name): name
        case .bearer, .basic: "Authorization"
        }
    }
}
