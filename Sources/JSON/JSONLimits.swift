/// What the parser accepts. The defaults suit text from a stranger.
public struct JSONLimits: Sendable, Hashable {
    /// What to do with an object that names a key twice (RFC 8259 section 4 leaves it open).
    public enum DuplicateKeys: Sendable, Hashable {
        /// An error: two readers of such a text may see two different values, a known way around checks.
        case reject
        /// The last value counts and keeps the first one's place.
        case lastWins
    }

    /// No limit may be set above this: values are freed, compared and written by recursion, and this many levels fit
    /// any thread's stack.
    public static let deepestNesting = 512

    /// The most arrays and objects within one another; at most `deepestNesting`.
    public var maxDepth: Int
    /// The most bytes of a text.
    public var maxBytes: Int
    /// What to do with repeated keys.
    public var duplicateKeys: DuplicateKeys
    /// Whether a UTF-8 byte order mark before the text is skipped rather than refused.
    public var acceptsByteOrderMark: Bool

    public init(
        maxDepth: Int = 128,
        maxBytes: Int = 64 * 1024 * 1024,
        duplicateKeys: DuplicateKeys = .reject,
        acceptsByteOrderMark: Bool = false
    ) {
        self.maxDepth = maxDepth
        self.maxBytes = maxBytes
        self.duplicateKeys = duplicateKeys
        self.acceptsByteOrderMark = acceptsByteOrderMark
    }

    /// Depth 128, 64 MiB, no repeated keys, no byte order mark.
    public static let `default` = JSONLimits()
}
