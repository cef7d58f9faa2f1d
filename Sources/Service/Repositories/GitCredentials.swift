import JSON
import ProjectConfiguration

/// `gitCredentials:` of the ``ServiceFile``: how the service proves to remotes and forges who it is. No sandbox, client,
/// event or log ever has one.
///
/// ```yaml
/// gitCredentials:
///   team: {user: bot, env: TEAM_TOKEN}                 # or file, or command
///   app: {githubApp: {id: Iv1.8a61f9b3a7aba766, key: /etc/cofferdam/app.pem}}
/// ```
public struct GitCredentials: Sendable, Equatable, ServiceFileSection {
    public var named: [String: GitCredentialSetting] = [:]

    private static let most = 64

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        guard let members = value.objectValue else { throw reader.error(at: path, "\(path) must be a mapping") }
        guard members.count <= Self.most else {
            throw reader.error(at: path, "\(path) has more than \(Self.most) entries")
        }
        for (name, value) in members {
            _ = try reader.name(.string(name), at: path[name])
            named[name] = try GitCredentialSetting(value, at: path[name], reader)
        }
    }
}

/// One credential for git and a forge's interface.
public enum GitCredentialSetting: Sendable, Equatable {
    /// A password or token.
    /// - Parameter user: nil: what the remote's forge expects beside a token.
    case password(user: String?, EgressCredential.Source)
    /// A GitHub App's private key, of which tokens of an hour are minted.
    case githubApp(GitHubAppSetting)

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["user", "env", "file", "command", "githubApp"])
        if let app = members["githubApp"] {
            guard members.count == 1 else {
                throw reader.error(at: path, "\(path): `githubApp` stands alone")
            }
            self = .githubApp(try GitHubAppSetting(app, at: path["githubApp"], reader))
            return
        }
        let user = try members["user"].map { try reader.name($0, at: path["user"]) }
        // It ends the user in basic authentication (RFC 7617, section 2).
        guard user?.contains(":") != true else { throw reader.error(at: path["user"], "\(path["user"]) has a colon") }
        self = .password(user: user, try EgressCredential.Source(members, at: path, reader))
    }
}

/// A GitHub App of the service's file.
public struct GitHubAppSetting: Sendable, Equatable {
    /// The app's client id or application id.
    public var identifier: String
    /// Nil: looked up by repository.
    public var installation: Int?
    /// File with the private key, PEM, that only the service's user (or root) can read.
    public var key: String
    /// Address of the forge's interface; nil: GitHub's own, or what is usual for the remote's host.
    public var api: String?

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["id", "installation", "key", "api"])
        guard let id = members["id"] else { throw reader.error(at: path, "\(path) has no id") }
        // Application ids are numbers, client ids texts.
        identifier = try id.intValue.map { "\($0)" } ?? reader.name(id, at: path["id"])
        installation = try members["installation"].map {
            try reader.integer($0, at: path["installation"], within: 1...(1 << 53))
        }
        guard let key = members["key"] else { throw reader.error(at: path, "\(path) has no key") }
        self.key = try reader.absolutePath(key, at: path["key"])
        api = try members["api"].map { try reader.forgeAddress($0, at: path["api"]) }
    }
}

extension ConfigurationReader {
    func absolutePath(_ value: JSON, at path: YAMLPath) throws -> String {
        let file = try name(value, at: path, most: ConfigurationLimits.pathBytes)
        guard file.hasPrefix("/") else { throw error(at: path, "\(path) must be absolute") }
        return file
    }

    /// Address of a forge's interface.
    func forgeAddress(_ value: JSON, at path: YAMLPath) throws -> String {
        let text = try name(value, at: path, most: RemoteAddress.maximumBytes)
        let address: RemoteAddress
        do {
            address = try RemoteAddress(parsing: text)
        } catch .path where text.hasPrefix("http") {
            // Without a path, which an interface need not have.
            do { address = try RemoteAddress(parsing: text + "/api") } catch {
                throw self.error(at: path, "\(path) is no address")
            }
        } catch {
            throw self.error(at: path, "\(path) is no address")
        }
        guard address.scheme == .https || address.scheme == .http && address.isLoopback else {
            throw error(at: path, "\(path) must be an https address (http only of this machine)")
        }
        return text
    }
}
