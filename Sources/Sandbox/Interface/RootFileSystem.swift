/// What stands at `/` in a sandbox.
public enum RootFileSystem: Sendable, Equatable, Codable {
    /// The host's own system: its `/usr` and the parts of `/etc` that programs need, read-only.
    case host
    /// A host directory with a complete system (`bin`, `lib`, `usr` …), read-only. Nothing of the host's own system is
    /// seen beside it. Accounts, host names and the resolver in its `/etc` are replaced by the sandbox's own.
    case directory(String)
}
