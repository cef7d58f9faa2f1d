/// How much of a session's result a client wrote.
public enum ApplyScope: String, Codable, Sendable, CaseIterable {
    /// Some files, or parts of files.
    case part
    /// It was taken back.
    case undone
}
