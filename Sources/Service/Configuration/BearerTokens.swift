import Secrets
import WebSocket

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The tokens that open the service. There is always at least one: no unauthenticated mode exists.
public struct BearerTokens: Sendable {
    /// Who presented a token.
    public struct Identity: Sendable, Equatable {
        /// The token's name in the file; nil for a line without one.
        public var name: String?
    }

    private struct Token {
        var name: String?
        var bytes: [UInt8]
    }

    /// Shorter tokens could be guessed.
    public static let minTokenBytes = 16
    private static let maxTokenBytes = 4096
    private static let maxFileBytes = 1 << 20

    private let tokens: [Token]

    var secrets: [SecretString] { tokens.map { SecretString(String(decoding: $0.bytes, as: UTF8.self)) } }

    /// Reads lines `token` or `name:token`; empty lines and lines that start with `#` are skipped.
    public init(parsing text: String, path: String) throws(ConfigurationError) {
        var tokens: [Token] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingWhitespace()
            if line.isEmpty || line.hasPrefix("#") { continue }
            // A token has no colon (RFC 6750 section 2.1), so the last one ends the name.
            let name = line.lastIndex(of: ":").map { String(line[..<$0]) }
            let token = Array(line[(line.lastIndex(of: ":").map(line.index(after:)) ?? line.startIndex)...].utf8)
            func bad(_ reason: String) -> ConfigurationError { .tokenFile(path: path, line: index + 1, reason: reason) }
            guard token.count >= Self.minTokenBytes else {
                throw bad("the token has fewer than \(Self.minTokenBytes) characters")
            }
            guard token.count <= Self.maxTokenBytes else { throw bad("the token is too long") }
            guard token.allSatisfy(Self.isTokenByte) else {
                throw bad("a token consists of letters, digits and - . _ ~ + / =")
            }
            if let name, name.isEmpty || name.utf8.count > 64 { throw bad("a name has 1 to 64 bytes") }
            tokens.append(Token(name: name, bytes: token))
        }
        guard !tokens.isEmpty else { throw .tokenFile(path: path, line: nil, reason: "it has no token") }
        self.tokens = tokens
    }

    /// Reads a token file; one that others may write, or everybody may read, is refused.
    public init(file path: String) throws(ConfigurationError) {
        let data: [UInt8]
        do {
            data = try SmallFile.read(path, maxBytes: Self.maxFileBytes) { mode in
                if mode & 0o022 != 0 { return "others may write it: chmod go-w \(path)" }
                return mode & 0o004 == 0 ? nil : "everybody may read it: chmod o= \(path)"
            }
        } catch { throw .unreadable(path: path, reason: error.reason) }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .tokenFile(path: path, line: nil, reason: "it is not UTF-8")
        }
        try self.init(parsing: text, path: path)
    }

    /// Writes a fresh random token to `path`, mode 0600, replacing what is there in one step.
    public static func generate(at path: String) throws(ConfigurationError) -> BearerTokens {
        var generator = SystemRandomNumberGenerator()
        let hex = Array("0123456789abcdef".utf8)
        var token: [UInt8] = []
        for _ in 0..<32 {
            let byte = UInt8.random(in: .min ... .max, using: &generator)
            token += [hex[Int(byte >> 4)], hex[Int(byte & 0xF)]]
        }
        do { try SmallFile.replace(path, with: token + [UInt8(ascii: "\n")], mode: 0o600) } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        return try BearerTokens(parsing: String(decoding: token, as: UTF8.self), path: path)
    }

    /// Whose token an `Authorization` header carries; nil when it is none of ours.
    ///
    /// The comparison takes the same time whichever byte differs, and looks at every token.
    public func identify(authorization: String) -> Identity? {
        let scheme = "bearer "
        guard authorization.utf8.count <= Self.maxTokenBytes + scheme.utf8.count,
            authorization.prefix(scheme.count).lowercased() == scheme
        else { return nil }
        let presented = Array(authorization.dropFirst(scheme.count).utf8)
        var found: Identity?
        for token in tokens where Self.areEqual(token.bytes, presented) { found = Identity(name: token.name) }
        return found
    }

    private static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in one.indices { difference |= one[index] ^ other[index] }
        return difference == 0
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/=".utf8.contains(byte)
        }
    }
}

extension Substring {
    fileprivate func trimmingWhitespace() -> Substring {
        var rest = self
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return rest
    }
}
