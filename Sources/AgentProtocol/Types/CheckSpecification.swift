/// A check: a command whose success means that the work is in order.
public struct CheckSpecification: Codable, Sendable, Equatable {
    public var name: String
    /// Argument vector; never a shell string.
    public var command: [String]
    /// A check that is not required does not decide `verified`. Default true.
    public var required: Bool?
    /// Seconds; default 600.
    public var timeoutSeconds: Int?
    /// Name of the output's parser; absent: found by command and content.
    public var parser: String?

    public init(
        name: String, command: [String], required: Bool? = nil, timeoutSeconds: Int? = nil, parser: String? = nil
    ) {
        self.name = name
        self.command = command
        self.required = required
        self.timeoutSeconds = timeoutSeconds
        self.parser = parser
    }
}
