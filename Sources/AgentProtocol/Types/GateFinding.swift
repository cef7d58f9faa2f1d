/// A change that made the checks weaker, for which reason their passing does not verify the work.
public struct GateFinding: Codable, Sendable, Hashable {
    /// The rule's stable name: `test-deleted`, `warning-suppressed`; Protocol/README.md lists them.
    public var rule: String
    /// Relative; empty when it concerns no file.
    public var path: String
    /// From 1, in the new file, or in the old one when the line is gone.
    public var line: Int?
    /// In words for the user and for the model.
    public var message: String

    public init(rule: String, path: String, line: Int? = nil, message: String) {
        self.rule = rule
        self.path = path
        self.line = line
        self.message = message
    }
}
