/// A command whose success means that the work is in order.
public struct CheckDefinition: Sendable, Equatable, Codable {
    /// When a check runs.
    public enum Occasion: String, Sendable, Codable, CaseIterable {
        /// After each edit. A check that turns out to be slow is put off by the agent loop until the end.
        case afterEdit
        /// Only before a turn may call itself done.
        case end
    }

    public static let defaultTimeoutSeconds = 600

    /// Unique within a project.
    public var name: String
    /// The argument vector; never empty.
    public var command: [String]
    /// Whether the check decides if the work is verified.
    public var required: Bool
    public var timeoutSeconds: Int
    /// The name of the parser of its output; nil: found by command and content.
    public var parser: String?
    public var when: Occasion

    public init(
        name: String, command: [String], required: Bool = true,
        timeoutSeconds: Int = CheckDefinition.defaultTimeoutSeconds, parser: String? = nil, when: Occasion = .afterEdit
    ) {
        self.name = name
        self.command = command
        self.required = required
        self.timeoutSeconds = timeoutSeconds
        self.parser = parser
        self.when = when
    }
}
