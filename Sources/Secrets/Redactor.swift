/// Removes secrets from texts that others will read.
public struct Redactor: Sendable {
    private static let mark = KnownSecrets.mark
    /// What vendors' keys begin with. Some endpoints quote the key that they refuse, or parts of it.
    private static let keyPrefix = "sk-"
    private static let shortestKeyTail = 6

    private let matcher: SecretMatcher
    private let known: KnownSecrets?

    /// - Parameters:
    ///   - secrets: what texts must not show; values of less than six bytes are let pass.
    ///   - known: what besides is not to be shown, as it is when a text comes.
    public init(_ secrets: [SecretString], known: KnownSecrets? = nil) {
        matcher = SecretMatcher(secrets.flatMap { SecretForms.all(of: $0.reveal()) })
        self.known = known
    }

    /// `text` with every secret, in any form that ``KnownSecrets/redact(_:)`` knows, and what looks like a model vendor's
    /// key, replaced by a mark.
    public func redact(_ text: String) -> String {
        var result = text
        if !matcher.isEmpty, let clean = matcher.replacing(Array(text.utf8), with: Array(Self.mark.utf8)) {
            result = String(decoding: clean, as: UTF8.self)
        }
        if let known { result = known.redact(result) }
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
