/// Frozen layers that a prepared environment puts beneath what a session itself writes: host directories in the form that
/// the local driver gives them (``LocalDriver/freeze(stateDirectory:base:into:)``), never written to. The topmost is first.
public struct EnvironmentLayers: Sendable, Equatable, Codable {
    /// Between the snapshot of the workspace and the session's own changes. What they add is not a change of the session.
    public var workspace: [String]
    /// Of the home directory.
    public var home: [String]

    public init(workspace: [String] = [], home: [String] = []) {
        self.workspace = workspace
        self.home = home
    }

    public var isEmpty: Bool { workspace.isEmpty && home.isEmpty }
}
