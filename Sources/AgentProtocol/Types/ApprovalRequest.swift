/// An action that waits for the user: exactly what will be done.
public struct ApprovalRequest: Codable, Sendable, Equatable {
    public var approvalId: String
    /// The tool call that waits.
    public var toolCallId: String
    public var tool: String
    /// One line: `Run: rm -rf build`.
    public var title: String
    /// The rule that asks.
    public var reason: String
    /// The exact arguments of the call.
    public var arguments: JSONValue
    /// The exact command of `run` and `shell`, as a shell would take it.
    public var command: String?
    /// The exact change of `write` and `edit`, as a unified diff.
    public var diff: String?
    /// Milliseconds since 1970 (UTC); no answer by then is a denial.
    public var expiresAt: Int

    public init(
        approvalId: String, toolCallId: String, tool: String, title: String, reason: String, arguments: JSONValue,
        command: String? = nil, diff: String? = nil, expiresAt: Int
    ) {
        self.approvalId = approvalId
        self.toolCallId = toolCallId
        self.tool = tool
        self.title = title
        self.reason = reason
        self.arguments = arguments
        self.command = command
        self.diff = diff
        self.expiresAt = expiresAt
    }
}
