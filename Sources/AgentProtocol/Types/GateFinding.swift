/// A change that can make checks pass without mending what they test: a turn with one is not verified.
public struct GateFinding: Codable, Sendable, Hashable {
    /// Stable, kebab-case: `test-deleted`. The reference lists all.
    public var rule: String
    /// Relative path; absent when it is not about one file.
    public var path: String?
    /// In the file as it is handed over, from 1; in the file as it was when the line, or the file, is gone.
    public var line: Int?
    /// In words for the user.
    public var message: String

    public init(rule: String, path: String? = nil, line: Int? = nil, message: String) {
        self.rule = rule
        self.path = path
        self.line = line
        self.message = message
    }
}
