/// A reference that keeps commits of a session.
public struct StepReference: Codable, Sendable, Equatable {
    /// `refs/cofferdam/<session>`, or `refs/cofferdam-steps/<session>/<step>` for a step that a restore left behind.
    public var name: String
    public var commit: String

    public init(name: String, commit: String) {
        self.name = name
        self.commit = commit
    }
}
