/// Files that look like secrets: by their names, and small ones by how their contents begin.
///
/// A file in which a key stands among other text (a test with a key in a string) is none: what is meant are files that
/// other programs read as credentials.
public enum SecretFiles {
    /// Keys and token files are smaller; what is larger is not looked into.
    public static let maximumBytes = 64 << 10

    /// Bytes at a file's beginning that ``mayBeSecret(head:path:)`` wants.
    static let headBytes = 64

    /// Whole names.
    private static let names: [String: String] = [
        ".env": "holds environment variables", ".envrc": "holds environment variables",
        ".netrc": "holds passwords", "_netrc": "holds passwords", ".pgpass": "holds passwords",
        ".my.cnf": "holds passwords", ".mylogin.cnf": "holds passwords", ".htpasswd": "holds passwords",
        ".git-credentials": "holds passwords", ".dockercfg": "holds credentials", ".boto": "holds credentials",
        ".s3cfg": "holds credentials", "kubeconfig": "holds credentials",
        "application_default_credentials.json": "holds credentials", "credentials.tfrc.json": "holds credentials",
        "id_rsa": "is a private key", "id_dsa": "is a private key", "id_ecdsa": "is a private key",
        "id_ecdsa_sk": "is a private key", "id_ed25519": "is a private key", "id_ed25519_sk": "is a private key",
        "prod.env": "holds environment variables", "production.env": "holds environment variables",
        "secret.env": "holds environment variables", "secrets.env": "holds environment variables",
    ]

    /// Ends of paths, whole parts.
    private static let ends: [String: String] = [
        ".aws/credentials": "holds credentials", ".docker/config.json": "holds credentials",
        ".kube/config": "holds credentials", ".gem/credentials": "holds credentials",
        ".cargo/credentials": "holds credentials", ".cargo/credentials.toml": "holds credentials",
        ".config/gh/hosts.yml": "holds credentials", ".config/gcloud/credentials.db": "holds credentials",
    ]

    private static let extensions: [String: String] = [
        "p12": "is a key store", "pfx": "is a key store", "jks": "is a key store", "keystore": "is a key store",
        "kdbx": "is a password store", "ppk": "is a private key", "tfstate": "may hold passwords",
    ]

    /// What follows `.env.` in files that only show which variables there are.
    private static let examples: Set<String> = [
        "example", "sample", "template", "tpl", "dist", "defaults", "schema", "examples", "md",
    ]

    /// Files with settings that are secrets only where these stand in them.
    private static let tokens: [String: [String]] = [
        ".npmrc": ["_authtoken=", "_auth=", "_password="], ".yarnrc.yml": ["npmauthtoken:", "npmauthident:"],
        ".pypirc": ["password"], "pip.conf": ["://__token__:"], ".gitconfig": ["password"],
    ]

    /// Why a file looks like a secret by its name; nil when it does not.
    public static func reason(path: String) -> String? {
        let lower = path.lowercased()
        let parts = RelativePath.parts(lower)
        guard let name = parts.last.map(String.init) else { return nil }
        if let reason = names[name] { return reason }
        if name.utf8.starts(with: ".env.".utf8) {
            let ending = name.utf8.split(separator: UInt8(ascii: ".")).last.map { String(Substring($0)) }
            return ending.map(examples.contains) == true ? nil : "holds environment variables"
        }
        for (end, reason) in ends {
            let wanted = RelativePath.parts(end)
            if parts.count >= wanted.count, parts.suffix(wanted.count).elementsEqual(wanted) { return reason }
        }
        if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.utf8.startIndex {
            return extensions[String(name[name.utf8.index(after: dot)...])]
        }
        return nil
    }

    /// Whether a file's contents are worth a look.
    static func mayBeSecret(head: [UInt8], path: String) -> Bool {
        let name = RelativePath.parts(path.lowercased()).last.map(String.init) ?? ""
        if tokens[name] != nil { return true }
        let start = head.drop { isSpace($0) || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
        if start.first == UInt8(ascii: "{") { return name.utf8.count > 5 && name.hasSuffix(".json") }
        return beginnings.contains { start.starts(with: $0.utf8) }
    }

    private static let beginnings = [
        "-----BEGIN ", "PuTTY-User-Key-File-", "AGE-SECRET-KEY-", "Bag Attributes", "# created: ",
    ]

    /// Why a file looks like a secret by its contents; nil when it does not.
    public static func reason(contents: [UInt8], path: String) -> String? {
        guard contents.count <= maximumBytes, mayBeSecret(head: Array(contents.prefix(headBytes)), path: path) else {
            return nil
        }
        let name = RelativePath.parts(path.lowercased()).last.map(String.init) ?? ""
        let lines = contents.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        if let words = tokens[name] {
            for line in lines {
                let text = String(decoding: line, as: UTF8.self).lowercased().filter { $0 != " " }
                if text.hasPrefix("#") || text.hasPrefix(";") || text.contains("${") { continue }
                if words.contains(where: { text.utf8.count > $0.utf8.count && contains(Array(text.utf8), $0) }) {
                    return "holds a token"
                }
            }
            return nil
        }
        if contents.first(where: { !isSpace($0) }) == UInt8(ascii: "{") {
            let isKey = contains(contents, "\"private_key\"") && contains(contents, "\"service_account\"")
            return isKey ? "is a service account's key" : nil
        }
        for line in lines {
            let text = line.drop { isSpace($0) || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
            if text.starts(with: "-----BEGIN ".utf8), text.count <= 80,
                contains(Array(text), "PRIVATE KEY-----") || contains(Array(text), "PRIVATE KEY BLOCK-----")
            {
                return "is a private key"
            }
            if text.starts(with: "AGE-SECRET-KEY-".utf8) || text.starts(with: "PuTTY-User-Key-File-".utf8) {
                return "is a private key"
            }
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first, bytes.count >= wanted.count else { return false }
        var index = 0
        while index <= bytes.count - wanted.count {
            if bytes[index] == first, bytes[index..<(index + wanted.count)].elementsEqual(wanted) { return true }
            index += 1
        }
        return false
    }
}
