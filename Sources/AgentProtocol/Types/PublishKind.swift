/// What a session's result is published as.
public enum PublishKind: String, Codable, Sendable, CaseIterable {
    /// A branch of the remote.
    case branch
    /// A branch, and a pull or merge request for it.
    case changeRequest
    /// A file for `git fetch`.
    case bundle
    /// A file for `git am`, one patch for each step that changed files.
    case patch
}
