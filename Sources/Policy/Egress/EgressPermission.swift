/// What a sandbox may reach, or may not: `https://*.pypi.org`, `https://files.pythonhosted.org:443/packages GET,HEAD`,
/// `tcp://10.1.2.3:5432`.
///
/// It stands for a set of requests, so that two can be intersected. It says nothing of how the gateway serves them
/// (interception, credentials, limits): only the service's own file does.
public struct EgressPermission: Sendable, Hashable {
    /// What is spoken to the host.
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        case http
        case https
        /// Any bytes over TCP.
        case tcp

        /// Where a rule names none; `tcp` has no usual one.
        var usualPort: Int? {
            switch self {
            case .http: 80
            case .https: 443
            case .tcp: nil
            }
        }
    }

    public var scheme: Scheme
    /// In lower case: a name, `*.` and a domain (every name beneath it, not itself), or an address (IPv6 without
    /// brackets).
    public var host: String
    public var port: Int
    /// Beneath this path, by whole segments; nil: every path.
    public var path: String?
    /// In capitals; nil: every method.
    public var methods: Set<String>?

    /// - Throws: `PolicyError.badEgressRule` when a part is not what it has to be.
    public init(
        scheme: Scheme, host: String, port: Int? = nil, path: String? = nil, methods: Set<String>? = nil
    ) throws(PolicyError) {
        self = try Self.checked(scheme, host, port, path, methods, in: "\(scheme.rawValue)://\(host)")
    }

    /// Parts that are known to be good.
    init(_ scheme: Scheme, _ host: String, _ port: Int, _ path: String?, _ methods: Set<String>?) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.methods = methods
    }

    /// Whether a rule on encrypted traffic looks inside it.
    public var readsRequests: Bool { path != nil || methods != nil }
}

extension EgressPermission: CustomStringConvertible {
    /// The canonical text, with its port; reading it gives the permission again.
    public var description: String {
        let place = host.contains(":") ? "[\(host)]" : host
        let text = "\(scheme.rawValue)://\(place):\(port)\(path ?? "")"
        return methods.map { "\(text) \($0.sorted().joined(separator: ","))" } ?? text
    }
}

// MARK: Sets of requests

extension EgressPermission {
    /// What both allow; nil: nothing.
    public func intersection(_ other: EgressPermission) -> EgressPermission? {
        guard scheme == other.scheme, port == other.port, let host = Self.narrower(host, other.host) else { return nil }
        var methods = methods ?? other.methods
        if let own = self.methods, let others = other.methods { methods = own.intersection(others) }
        if methods?.isEmpty == true { return nil }
        var path = path ?? other.path
        if let own = self.path, let others = other.path {
            if Self.isBeneath(own, others) {
                path = own
            } else if Self.isBeneath(others, own) {
                path = others
            } else {
                return nil
            }
        }
        return EgressPermission(scheme, host, port, path, methods)
    }

    /// Whether everything that `other` allows is allowed by this one.
    public func covers(_ other: EgressPermission) -> Bool { intersection(other) == other }

    /// Whether a request is in the set. A request whose method or path is not known is judged by the rest.
    public func matches(_ request: EgressRequest) -> Bool {
        guard scheme == request.scheme, port == request.port, Self.narrower(host, request.host) == request.host else {
            return false
        }
        if let methods, let method = request.method, !methods.contains(method) { return false }
        if let path, let asked = request.path, !Self.isBeneath(asked, path) { return false }
        return true
    }

    private static func narrower(_ one: String, _ other: String) -> String? {
        if one == other || isName(one, beneath: other) { return one }
        return isName(other, beneath: one) ? other : nil
    }

    /// `a.b.c` and `*.b.c` are beneath `*.b.c`'s parent `*.c`; a domain is not beneath its own wildcard.
    private static func isName(_ name: String, beneath pattern: String) -> Bool {
        guard pattern.hasPrefix("*.") else { return false }
        let domain = pattern.dropFirst()  // with its dot
        let plain = name.hasPrefix("*.") ? name.dropFirst(2) : name[...]
        return plain.utf8.count > domain.utf8.count && plain.hasSuffix(domain)
    }

    private static func isBeneath(_ path: String, _ prefix: String) -> Bool {
        path == prefix || path.hasPrefix(prefix + "/")
    }
}

/// What a sandbox asks the gateway for.
public struct EgressRequest: Sendable, Hashable {
    public var scheme: EgressPermission.Scheme
    /// In lower case.
    public var host: String
    public var port: Int
    /// Nil where the gateway cannot see it.
    public var method: String?
    /// Nil where the gateway cannot see it.
    public var path: String?

    public init(
        scheme: EgressPermission.Scheme, host: String, port: Int, method: String? = nil, path: String? = nil
    ) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.method = method
        self.path = path
    }
}
