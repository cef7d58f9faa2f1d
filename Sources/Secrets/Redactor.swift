/// Removes secrets from texts that others will read.
public struct Redactor: Sendable {
    /// Shorter values (a header such as `1`) would tear holes into every text without hiding anything.
    private static let shortestSecret = 6
    private static let mark = "<redacted>"
    /// What vendors' keys begin with. Some endpoints quote the key that they refuse, or parts of it.
    private static let keyPrefix = "sk-"
    private static let shortestKeyTail = 6

    private let secrets: [String]

    /// - Parameter secrets: what texts must not show; values of less than six bytes are let pass.
    public init(_ secrets: [SecretString]) {
        // Longest first: a secret may be part of another.
        self.secrets = secrets.map { $0.reveal() }.filter { $0.utf8.count >= Self.shortestSecret }
            .sorted { $0.utf8.count > $1.utf8.count }
    }

    /// `text` with every secret, and what looks like a model vendor's key, replaced by a mark.
    public func redact(_ text: String) -> String {
        var result = text
        for secret in secrets { result = result.replacing(secret, with: Self.mark) }
        return Self.redactKeyLike(result)
    }

    private static func redactKeyLike(_ text: String) -> String {
        guard text.contains(keyPrefix) else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: keyPrefix) {
            result += rest[..<start.lowerBound]
            let tail = rest[start.upperBound...].prefix { character in
                character.isASCII && (character.isLetter || character.isNumber || "-_*.".contains(character))
            }
            result += tail.count >= shortestKeyTail ? mark : String(rest[start.lowerBound..<tail.endIndex])
            rest = rest[tail.endIndex...]
        }
        return result + rest
    }
}
