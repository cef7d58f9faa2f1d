/// What takes time before a sandbox can start.
public enum EnvironmentActivity: String, Codable, Sendable, CaseIterable {
    /// A root file system is unpacked.
    case unpacking
    /// Another session prepares the same; its result is waited for.
    case waiting
    /// The setup steps run, each with events of its own.
    case setup
}
