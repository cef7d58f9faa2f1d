/// What a session may do.
public enum SessionMode: String, Codable, Sendable, CaseIterable {
    /// Change files in the sandbox.
    case edit
    /// Look only: tools that change files are not offered.
    case plan
}
