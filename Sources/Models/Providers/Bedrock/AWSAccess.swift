import Secrets

/// Which region of AWS is asked, and where the credentials come from.
public struct AWSAccess: Sendable, Equatable {
    /// Such as `eu-central-1`.
    public var region: String
    /// What requests are signed with; nil when a bearer token is used instead.
    public var credentials: Source?

    public enum Source: Sendable, Equatable {
        case fixed(AWSCredentials)
        /// A profile of a shared credentials file. It is read for each request: programs that log people in renew it.
        case file(path: String, profile: String)
    }

    public init(region: String, credentials: Source?) {
        self.region = region
        self.credentials = credentials
    }

    var secrets: [SecretString] {
        guard case .fixed(let credentials)? = credentials else { return [] }
        return credentials.secrets
    }
}

/// What AWS knows a caller by.
public struct AWSCredentials: Sendable, Equatable {
    public var accessKeyID: String
    public var secretKey: SecretString
    /// Of credentials that end.
    public var sessionToken: SecretString?

    public init(accessKeyID: String, secretKey: SecretString, sessionToken: SecretString? = nil) {
        self.accessKeyID = accessKeyID
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    var secrets: [SecretString] { [secretKey] + [sessionToken].compactMap { $0 } }
}

extension AWSAccess {
    private static let maximumCredentialsFileBytes = 256 << 10

    /// What the usual variables say: `AWS_REGION` or `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID` with
    /// `AWS_SECRET_ACCESS_KEY` and perhaps `AWS_SESSION_TOKEN`, else `AWS_PROFILE` in `AWS_SHARED_CREDENTIALS_FILE`
    /// or `~/.aws/credentials`.
    /// - Parameters:
    ///   - region: goes before the variables.
    ///   - profile: goes before the variables, keys included.
    /// - Throws: ``ModelError/notConfigured(_:)`` when there is no region, or one that cannot be.
    static func fromEnvironment(
        _ environment: [String: String], region: String? = nil, profile: String? = nil, needsKeys: Bool
    ) throws(ModelError) -> AWSAccess {
        func variable(_ name: String) -> String? {
            environment[name].map(ModelProviders.trimmed).flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let region = region ?? variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") else {
            throw .notConfigured("The provider bedrock needs a region: set AWS_REGION, or region in models.yaml.")
        }
        guard region.utf8.allSatisfy({ $0 == 0x2D || 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 }) else {
            throw .notConfigured("'\(EndpointFailure.quotable(region))' is no region of AWS.")
        }
        guard needsKeys else { return AWSAccess(region: region, credentials: nil) }
        if profile == nil, let id = variable("AWS_ACCESS_KEY_ID"), let key = variable("AWS_SECRET_ACCESS_KEY") {
            let token = variable("AWS_SESSION_TOKEN").map(SecretString.init)
            return AWSAccess(
                region: region,
                credentials: .fixed(
                    AWSCredentials(accessKeyID: id, secretKey: SecretString(key), sessionToken: token)))
        }
        let home = variable("HOME").map { $0 + "/.aws/credentials" }
        guard let path = variable("AWS_SHARED_CREDENTIALS_FILE") ?? home else {
            throw .notConfigured(
                "The provider bedrock needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
        }
        let name = profile ?? variable("AWS_PROFILE") ?? "default"
        return AWSAccess(region: region, credentials: .file(path: path, profile: name))
    }

    /// The credentials as they are now.
    /// - Throws: ``ModelError/authentication(_:)`` when there are none.
    func current() throws(ModelError) -> AWSCredentials? {
        switch credentials {
        case nil: return nil
        case .fixed(let credentials)?: return credentials
        case .file(let path, let profile)?:
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try SmallFile.read(path, maximumBytes: Self.maximumCredentialsFileBytes)
            } catch {
                throw .authentication("The credentials file \(path) cannot be read: \(error.reason).")
            }
            guard let credentials = Self.credentials(in: String(decoding: bytes, as: UTF8.self), profile: profile)
            else {
                throw .authentication("The credentials file \(path) has no keys for the profile '\(profile)'.")
            }
            return credentials
        }
    }

    /// The keys of a profile in the text of a shared credentials file.
    static func credentials(in text: String, profile: String) -> AWSCredentials? {
        var isWanted = false
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = ModelProviders.trimmed(String(line))
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                isWanted = ModelProviders.trimmed(String(line.dropFirst().prefix { $0 != "]" })) == profile
            } else if isWanted, let equals = line.firstIndex(of: "=") {
                let key = ModelProviders.trimmed(String(line[..<equals])).lowercased()
                values[key] = ModelProviders.trimmed(String(line[line.index(after: equals)...]))
            }
        }
        guard let id = values["aws_access_key_id"], let key = values["aws_secret_access_key"], !id.isEmpty, !key.isEmpty
        else { return nil }
        let token = values["aws_session_token"].flatMap { $0.isEmpty ? nil : SecretString($0) }
        return AWSCredentials(accessKeyID: id, secretKey: SecretString(key), sessionToken: token)
    }
}
