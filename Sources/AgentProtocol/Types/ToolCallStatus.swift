/// How a tool call ended.
public enum ToolCallStatus: String, Codable, Sendable, CaseIterable {
    case completed
    /// The tool could not do it; the text says why.
    case failed
    /// Policy, or the user, said no.
    case denied
    case cancelled
}
