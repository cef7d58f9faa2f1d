import Egress
import JSON
import Policy
import ProjectConfiguration

/// `egress:` of the ``ServiceFile``: what sandboxes may reach at most, and with which credentials. Policy and the
/// repository only narrow it; without this section no sandbox has a network.
///
/// ```yaml
/// egress:
///   rules:
///     - https://*.pypi.org
///     - rule: https://git.example.com/team GET,POST
///       credential: git-token
///   setup:                       # setup steps also reach these
///     - https://deb.debian.org
///   credentials:
///     git-token: {kind: bearer, env: GIT_TOKEN}
///   hosts:                       # looked up before the system's resolver
///     mirror.example.com: [10.2.0.5]
/// ```
public struct EgressSettings: Sendable, Equatable, ServiceFileSection {
    /// For the agent's commands, checks included.
    public var rules: [EgressGrant] = []
    /// For setup steps, besides ``rules``.
    public var setup: [EgressGrant] = []
    public var credentials: [String: EgressCredential] = [:]
    /// Addresses of names, instead of what the resolver says.
    public var hosts: [String: [String]] = [:]

    /// More than anybody writes.
    private static let mostRules = 256
    private static let mostCredentials = 64
    private static let mostHosts = 256
    private static let mostAddresses = 8

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["rules", "setup", "credentials", "hosts"])
        if let value = members["credentials"] {
            credentials = try Self.credentials(value, at: path["credentials"], reader)
        }
        if let value = members["rules"] { rules = try grants(value, at: path["rules"], reader, prefix: "rule") }
        if let value = members["setup"] { setup = try grants(value, at: path["setup"], reader, prefix: "setup") }
        if let value = members["hosts"] { hosts = try Self.hosts(value, at: path["hosts"], reader) }
    }

    /// Whether a sandbox can be given a network at all.
    public var isEmpty: Bool { rules.isEmpty && setup.isEmpty }

    /// The built-in layer of policy with what this section grants.
    public var builtInLayer: PolicyLayer {
        .builtIn(egress: rules.map(\.permission), setup: (rules + setup).map(\.permission))
    }

    private func grants(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, prefix: String
    ) throws -> [EgressGrant] {
        var grants: [EgressGrant] = []
        for (index, entry) in try reader.array(value, at: path, most: Self.mostRules).enumerated() {
            let place = path[index]
            let grant = try EgressGrant(entry, at: place, reader, usualId: "\(prefix)-\(index + 1)")
            if let name = grant.credential, credentials[name] == nil {
                throw reader.error(at: place["credential"], "there is no credential `\(name)` in egress.credentials")
            }
            let rule = grant.rule(id: grant.id, for: grant.permission, credentials: credentials)
            do { try rule.check() } catch { throw reader.error(at: place, "\(place): \(error)") }
            for earlier in rules + grants {
                guard earlier.id != grant.id else {
                    throw reader.error(at: place, "two rules are called `\(grant.id)`")
                }
                // The first that matches decides: this one would never be asked.
                guard !earlier.permission.covers(grant.permission) else {
                    throw reader.error(at: place, "\(place) is never reached: `\(earlier.id)` before it allows as much")
                }
            }
            grants.append(grant)
        }
        return grants
    }

    private static func credentials(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> [String: EgressCredential] {
        guard let members = value.objectValue else { throw reader.error(at: path, "\(path) must be a mapping") }
        guard members.count <= mostCredentials else {
            throw reader.error(at: path, "\(path) has more than \(mostCredentials) entries")
        }
        var credentials: [String: EgressCredential] = [:]
        for (name, value) in members {
            _ = try reader.name(.string(name), at: path[name])
            credentials[name] = try EgressCredential(value, at: path[name], reader)
        }
        return credentials
    }

    private static func hosts(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> [String: [String]] {
        guard let members = value.objectValue else { throw reader.error(at: path, "\(path) must be a mapping") }
        guard members.count <= mostHosts else {
            throw reader.error(at: path, "\(path) has more than \(mostHosts) names")
        }
        var hosts: [String: [String]] = [:]
        for (name, value) in members {
            var addresses: [String] = []
            for (index, entry) in try reader.array(value, at: path[name], most: mostAddresses).enumerated() {
                let text = try reader.string(entry, at: path[name][index], most: 64)
                guard IPAddress(text) != nil else {
                    throw reader.error(at: path[name][index], "`\(text)` is not an address as it is usually written")
                }
                addresses.append(text)
            }
            hosts[name.lowercased()] = addresses
        }
        return hosts
    }
}
