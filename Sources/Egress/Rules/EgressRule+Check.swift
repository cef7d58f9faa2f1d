/// What is wrong with a rule; a gateway never matches such a one.
public enum EgressRuleError: Error, Equatable, CustomStringConvertible {
    case emptyId
    case invalidHost(String)
    case invalidPort(Int)
    /// Methods, paths and credentials need a request that the gateway can read.
    case needsReadableRequests(String)
    case interceptWithoutTLS
    case invalidMethod(String)
    case invalidPathPrefix(String)
    case invalidHeaderName(String)
    case invalidUser
    /// A credential would cross a public network in the clear.
    case credentialInTheClear
    case authorityWithoutInterception
    case serverNameSettingWithoutOpaqueTLS
    case negativeLimit

    public var description: String {
        switch self {
        case .emptyId: "the rule has no id"
        case .invalidHost(let host): "\"\(host)\" is not a name, *.name or address"
        case .invalidPort(let port): "port \(port) is not within 1 to 65535"
        case .needsReadableRequests(let key): "\(key) needs scheme http, or https with intercept"
        case .interceptWithoutTLS: "intercept needs scheme https"
        case .invalidMethod(let method): "\"\(method)\" is not a method that can be allowed"
        case .invalidPathPrefix(let prefix):
            "\"\(prefix)\" is not a plain path: it begins with / and has no percent signs, queries, .. or //"
        case .invalidHeaderName(let name): "\"\(name)\" is not a header that a credential can be put in"
        case .invalidUser: "the user of a basic credential has a colon or control characters"
        case .credentialInTheClear: "a credential needs https with intercept, or allowPrivate with plain http"
        case .authorityWithoutInterception: "a certificate authority file needs intercept"
        case .serverNameSettingWithoutOpaqueTLS: "settings of the TLS server name need https without intercept"
        case .negativeLimit: "a limit is negative"
        }
    }
}

extension EgressRule {
    /// Whether the gateway sees single requests under this rule.
    var isReadable: Bool { scheme == .http || (scheme == .https && intercept) }

    /// Throws what is wrong with the rule.
    public func check() throws(EgressRuleError) {
        guard !id.isEmpty else { throw .emptyId }
        guard HostPattern(host) != nil else { throw .invalidHost(host) }
        guard (1...65535).contains(port) else { throw .invalidPort(port) }
        guard !intercept || scheme == .https else { throw .interceptWithoutTLS }
        if effect == .allow, !isReadable {
            if methods != nil { throw .needsReadableRequests("methods") }
            if pathPrefix != nil { throw .needsReadableRequests("pathPrefix") }
        }
        for method in methods ?? [] {
            guard HTTPSyntax.isToken(method.utf8), effect == .deny || !["CONNECT", "TRACE"].contains(method) else {
                throw .invalidMethod(method)
            }
        }
        if let pathPrefix, !RequestPath.isPlainPrefix(pathPrefix) { throw .invalidPathPrefix(pathPrefix) }
        if let credential { try check(credential) }
        guard certificateAuthorityFile == nil || intercept else { throw .authorityWithoutInterception }
        guard !(allowMissingServerName || allowEncryptedHello) || (scheme == .https && !intercept) else {
            throw .serverNameSettingWithoutOpaqueTLS
        }
        guard maximumBytes ?? 0 >= 0, maximumConnections ?? 0 >= 0 else { throw .negativeLimit }
    }

    private func check(_ credential: CredentialReference) throws(EgressRuleError) {
        guard isReadable else { throw .needsReadableRequests("credential") }
        guard intercept || allowPrivate else { throw .credentialInTheClear }
        switch credential.placement {
        case .header(let name):
            guard HTTPSyntax.isToken(name.utf8), !HTTPSyntax.isManagedHeader(name) else {
                throw .invalidHeaderName(name)
            }
        case .basic(let user):
            guard user.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }) else {
                throw .invalidUser
            }
        case .bearer: break
        }
    }
}
