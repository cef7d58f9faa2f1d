/// The address of a remote repository (git-clone(1), "Git URLs"), as a client, a repository or the service's file names it.
///
/// Read as hostile: what git, ssh or a shell could take for an option, a command or another host is no address, and nothing
/// secret can be in one, since addresses stand in events and logs.
public struct RemoteAddress: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable, Hashable {
        case https
        /// Read and changed by everyone on the way.
        case http
        case ssh
        /// git's own protocol: neither who serves nor who asks is known.
        case git
        /// A repository of the service's host.
        case file

        var usualPort: Int? {
            switch self {
            case .https: 443
            case .http: 80
            case .ssh: 22
            case .git: 9418
            case .file: nil
            }
        }
    }

    /// Why a text is no address. The texts never repeat what could be a password.
    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case malformed
        case tooLong
        case unknownScheme
        case password
        case user
        case host
        case port
        case path

        public var description: String {
            switch self {
            case .malformed: "a remote is `https://host/path`, `ssh://user@host/path` or `user@host:path`"
            case .tooLong: "the address of the remote is longer than \(RemoteAddress.maximumBytes) bytes"
            case .unknownScheme: "the remote's scheme is none of https, ssh, http, git and file"
            case .password:
                "the remote's address holds a user or password; credentials are configured in the service (gitCredentials)"
            case .user: "the remote's user is no plain name"
            case .host: "the remote's host is no name or address"
            case .port: "the remote's port is no number from 1 to 65535"
            case .path: "the remote's path is empty or has parts that could mean another place"
            }
        }
    }

    public let scheme: Scheme
    /// Of ssh only; nil: whoever the service is.
    public let user: String?
    /// In lower case, IPv6 addresses in brackets; empty for `file`.
    public let host: String
    /// Nil where it is the scheme's own.
    public let port: Int?
    /// Begins with a slash, except in the form `user@host:path`, where it begins in the user's home.
    public let path: String

    static let maximumBytes = 2048

    /// - Throws: ``Failure``.
    public init(parsing text: String) throws(Failure) { try self.init(parsing: text, isPattern: false) }

    /// - Parameter isPattern: the path may have `*`, and the host may begin with `*.`.
    init(parsing text: String, isPattern: Bool) throws(Failure) {
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLong }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.hasPrefix("-") else { throw .malformed }
        if let end = text.firstRange(of: "://") {
            try self.init(scheme: text[..<end.lowerBound], rest: text[end.upperBound...], isPattern)
        } else {
            try self.init(short: text, isPattern)
        }
    }

    private init(scheme name: Substring, rest: Substring, _ isPattern: Bool) throws(Failure) {
        guard let scheme = Scheme(rawValue: name.lowercased()) else { throw .unknownScheme }
        guard let slash = rest.firstIndex(of: "/") else { throw .path }
        var authority = rest[..<slash]
        var user: String?
        if let at = authority.lastIndex(of: "@") {
            let name = authority[..<at]
            // Over https even the user can be a token.
            guard scheme == .ssh, !name.contains(":") else { throw .password }
            user = try Self.user(name)
            authority = authority[authority.index(after: at)...]
        }
        if scheme == .file {
            guard authority.isEmpty else { throw .host }
            (host, port) = ("", nil)
        } else {
            let place = try Self.place(authority, isPattern)
            (host, port) = (place.host, place.port == scheme.usualPort ? nil : place.port)
        }
        self.scheme = scheme
        self.user = user
        path = try Self.path(rest[slash...], isPattern)
    }

    /// `user@host:path`, as scp(1) has it.
    private init(short text: String, _ isPattern: Bool) throws(Failure) {
        guard let colon = text.firstIndex(of: ":") else { throw .malformed }
        var authority = text[..<colon]
        guard let at = authority.firstIndex(of: "@") else { throw .malformed }
        user = try Self.user(authority[..<at])
        authority = authority[authority.index(after: at)...]
        let place = try Self.place(authority, isPattern)
        guard place.port == nil else { throw .port }
        (scheme, host, port) = (.ssh, place.host, nil)
        path = try Self.path(text[text.index(after: colon)...], isPattern)
    }

    private static func user(_ name: Substring) throws(Failure) -> String {
        guard isName(name, also: "._+-"), !name.hasPrefix("-") else { throw .user }
        return String(name)
    }

    private static func place(
        _ text: Substring, _ isPattern: Bool
    ) throws(Failure) -> (host: String, port: Int?) {
        var host = text
        var port: Int?
        let searched = text.hasPrefix("[") ? text.lastIndex(of: "]").map { text[$0...] } ?? "" : text
        if let colon = searched.firstIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
                (1...65_535).contains(number)
            else { throw .port }
            (host, port) = (text[..<colon], number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = host.dropFirst().dropLast()
            guard inner.contains(":"), inner.utf8.count <= 45,
                inner.utf8.allSatisfy({ $0 == 0x3A || $0 == 0x2E || isHex($0) })
            else { throw .host }
        } else {
            var labels = host.split(separator: ".", omittingEmptySubsequences: false)
            if isPattern, labels.count > 2, labels[0] == "*" { labels.removeFirst() }
            guard host.utf8.count <= 253,
                labels.allSatisfy({ isName($0, also: "_-") && !$0.hasPrefix("-") && !$0.hasSuffix("-") })
            else { throw .host }
        }
        return (host.lowercased(), port)
    }

    /// Letters and digits of ASCII, and some more; not empty.
    private static func isName(_ text: Substring, also more: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { isLetterOrDigit($0) || more.utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    /// One spelling of each path: rules compare it as text.
    private static func path(_ text: Substring, _ isPattern: Bool) throws(Failure) -> String {
        var text = text
        while text.hasSuffix("/"), text.utf8.count > 1 { text = text.dropLast() }
        let isAbsolute = text.hasPrefix("/")
        let parts = (isAbsolute ? text.dropFirst() : text).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ isPart($0, isPattern) }) else { throw .path }
        return String(text)
    }

    private static func isPart(_ part: Substring, _ isPattern: Bool) -> Bool {
        guard !part.isEmpty, part != ".", part != "..", !part.hasPrefix("-") else { return false }
        var bytes = Array(part.utf8)[...]
        while let byte = bytes.popFirst() {
            if isLetterOrDigit(byte) || "._~+-@,=!()".utf8.contains(byte) { continue }
            if isPattern, byte == UInt8(ascii: "*") { continue }
            // A space is all that anybody needs; an escaped slash or dot is another path than it looks.
            guard byte == UInt8(ascii: "%"), bytes.starts(with: "20".utf8) else { return false }
            bytes = bytes.dropFirst(2)
        }
        return true
    }

    /// Whether the path begins in the home of ``user``.
    public var isRelative: Bool { !path.hasPrefix("/") }

    /// Whether the host is this machine by its name or address.
    public var isLoopback: Bool { ["localhost", "127.0.0.1", "[::1]"].contains(host) }

    /// `host`, or `host:port` where it is not the scheme's own port.
    public var authority: String { port.map { "\(host):\($0)" } ?? host }

    /// The address as git takes it.
    public var description: String {
        let name = user.map { "\($0)@" } ?? ""
        return isRelative ? "\(name)\(host):\(path)" : "\(scheme.rawValue)://\(name)\(authority)\(path)"
    }
}

extension RemoteAddress {
    /// An address of a user's own repository, which over https may name its user: the service has its own credentials.
    static func withoutUser(_ text: String) -> String {
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), let start = text.firstRange(of: "://") else {
            return text
        }
        let rest = text[start.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return text }
        return String(text[..<start.upperBound]) + rest[rest.index(after: at)...]
    }
}
