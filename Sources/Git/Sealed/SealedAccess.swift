import Secrets

/// The way to a remote repository: protocols, and the credentials for it.
public struct SealedAccess: Sendable {
    /// How `ssh` shows who the service is, and whom it believes.
    public struct SSH: Sendable, Equatable {
        /// Path of a private key that needs no passphrase; nil: the agent's keys.
        public var keyFile: String?
        /// Socket of an ssh agent of the service's host; nil: none is asked.
        public var agentSocket: String?
        /// Path of the host keys that are believed (sshd(8)); others are refused.
        public var knownHostsFile: String

        public init(keyFile: String? = nil, agentSocket: String? = nil, knownHostsFile: String) {
            self.keyFile = keyFile
            self.agentSocket = agentSocket
            self.knownHostsFile = knownHostsFile
        }
    }

    /// git's names of protocols that may be spoken.
    public var protocols: [String]
    /// Value of the header `Authorization` over https. It is sent to the host of the address only.
    public var authorization: SecretString?
    /// Path of certificates that are believed instead of the system's.
    public var authorityFile: String?
    public var ssh: SSH?

    public init(
        protocols: [String] = ["https", "ssh"], authorization: SecretString? = nil, authorityFile: String? = nil,
        ssh: SSH? = nil
    ) {
        self.protocols = protocols
        self.authorization = authorization
        self.authorityFile = authorityFile
        self.ssh = ssh
    }

    /// Basic authentication (RFC 7617), as forges take tokens.
    public static func basic(user: String, token: SecretString) -> SecretString {
        SecretString("Basic \(base64(Array("\(user):\(token.reveal())".utf8)))")
    }

    var settings: [(key: String, value: String)] {
        var settings: [(key: String, value: String)] = []
        if let authorization { settings.append(("http.extraHeader", "Authorization: \(authorization.reveal())")) }
        if let authorityFile { settings.append(("http.sslCAInfo", authorityFile)) }
        return settings
    }

    /// What must not be shown: the header's value and its parts.
    var secrets: [String] {
        guard let authorization else { return [] }
        return [authorization.reveal()] + authorization.reveal().split(separator: " ").dropFirst().map(String.init)
    }

    /// For `GIT_SSH_COMMAND`, which a shell reads.
    var sshCommand: String {
        guard let ssh else { return "/bin/false" }
        var words = [
            "ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
            "UserKnownHostsFile=\(ssh.knownHostsFile)", "-o", "GlobalKnownHostsFile=/dev/null", "-o",
            "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "ConnectTimeout=30", "-o",
            "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", "-o",
            "IdentityAgent=\(ssh.agentSocket ?? "none")",
        ]
        if let key = ssh.keyFile { words += ["-o", "IdentitiesOnly=yes", "-i", key] }
        return words.map {
            "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }
        .joined(separator: " ")
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value = 0
            for offset in 0..<3 { value = value << 8 | (offset < group.count ? Int(group[start + offset]) : 0) }
            for offset in 0..<4 {
                text.append(offset <= group.count ? digits[value >> (18 - 6 * offset) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
