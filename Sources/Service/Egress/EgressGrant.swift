import Egress
import JSON
import Policy
import ProjectConfiguration

/// One rule of the service's file: what may be reached, and how the gateway serves it.
public struct EgressGrant: Sendable, Equatable {
    /// What decisions call it.
    public var id: String
    public var permission: EgressPermission
    /// Name of the credential that is added to every request.
    public var credential: String?
    /// Whether TLS is ended in the gateway even where nothing needs it.
    public var intercept = false
    /// The host may be on a private network.
    public var allowPrivate = false
    /// Authorities that sign the host's certificate, PEM; nil: the system's.
    public var caFile: String?
    public var maximumBytes: Int?
    public var maximumConnections: Int?
    public var allowMissingServerName = false
    public var allowEncryptedHello = false

    private static let keys = [
        "id", "rule", "scheme", "host", "port", "path", "methods", "credential", "intercept", "allowPrivate", "caFile",
        "maximumBytes", "maximumConnections", "allowMissingServerName", "allowEncryptedHello",
    ]

    public init(id: String, permission: EgressPermission) {
        self.id = id
        self.permission = permission
    }

    /// Reads a text, or a mapping with `rule` or its parts and how it is served.
    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, usualId: String) throws {
        if value.stringValue != nil {
            self.init(id: usualId, permission: try Self.permission(value, at: path, reader))
            return
        }
        let members = try reader.object(value, at: path, keys: Self.keys)
        let id = try members["id"].map { try reader.name($0, at: path["id"]) } ?? usualId
        let parts = ["scheme", "host", "port", "path", "methods"].filter { members[$0] != nil }
        if let rule = members["rule"] {
            guard parts.isEmpty else { throw reader.error(at: path, "\(path) has both `rule` and `\(parts[0])`") }
            _ = try reader.string(rule, at: path["rule"], most: 4096)
            self.init(id: id, permission: try Self.permission(rule, at: path["rule"], reader))
        } else {
            var object = JSONObject()
            for part in parts { object[part] = members[part] }
            self.init(id: id, permission: try Self.permission(.object(object), at: path, reader))
        }
        credential = try members["credential"].map { try reader.name($0, at: path["credential"]) }
        func flag(_ key: String) throws -> Bool {
            try members[key].map { try reader.bool($0, at: path[key]) } ?? false
        }
        intercept = try flag("intercept")
        allowPrivate = try flag("allowPrivate")
        allowMissingServerName = try flag("allowMissingServerName")
        allowEncryptedHello = try flag("allowEncryptedHello")
        if let value = members["caFile"] {
            let file = try reader.string(value, at: path["caFile"], most: 4096)
            guard file.hasPrefix("/") else {
                throw reader.error(at: path["caFile"], "\(path["caFile"]) must be absolute")
            }
            caFile = file
        }
        if let value = members["maximumBytes"] {
            maximumBytes = try reader.bytes(value, at: path["maximumBytes"], within: 1...(1 << 50))
        }
        if let value = members["maximumConnections"] {
            maximumConnections = try reader.integer(value, at: path["maximumConnections"], within: 1...10_000)
        }
    }

    private static func permission(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> EgressPermission {
        do { return try EgressPermission(json: value) } catch { throw reader.error(at: path, "\(error)") }
    }

    /// Whether the gateway looks inside TLS for a part of this grant.
    func intercepts(_ permission: EgressPermission) -> Bool {
        permission.scheme == .https && (intercept || credential != nil || permission.readsRequests || caFile != nil)
    }

    /// The gateway's rule for a part of what is granted.
    func rule(
        id: String, for permission: EgressPermission, credentials: [String: EgressCredential]
    ) -> EgressRule {
        let intercepts = intercepts(permission)
        let isOpaque = permission.scheme == .https && !intercepts
        return EgressRule(
            id: id, scheme: permission.scheme.gateway, host: permission.host, port: permission.port,
            methods: permission.methods, pathPrefix: permission.path, intercept: intercepts,
            credential: credential.flatMap { name in
                credentials[name].map { CredentialReference(secret: name, placement: $0.placement) }
            },
            maximumBytes: maximumBytes, maximumConnections: maximumConnections, allowPrivate: allowPrivate,
            certificateAuthorityFile: intercepts ? caFile : nil,
            allowMissingServerName: isOpaque && allowMissingServerName,
            allowEncryptedHello: isOpaque && allowEncryptedHello, limitsKey: self.id)
    }
}

extension EgressPermission.Scheme {
    var gateway: EgressRule.Scheme {
        switch self {
        case .http: .http
        case .https: .https
        case .tcp: .tcp
        }
    }
}
