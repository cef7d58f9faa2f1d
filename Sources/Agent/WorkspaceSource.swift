import Workspace

/// Gives a session the files that it works on, where they do not come from a folder on the service's own disk.
public protocol WorkspaceSource: Sendable {
    /// A frozen copy of them.
    /// - Parameters:
    ///   - overlays: contents that stand in for files (unsaved buffers), by relative path.
    ///   - holder: whose copy it is, until `BaseStore.release(_:)`.
    ///   - progress: told in a few words what is being done, for the user.
    /// - Throws: an error whose description says why there is none.
    func take(
        overlays: [String: [UInt8]], holder: String, progress: @escaping @Sendable (String) async -> Void
    ) async throws -> WorkspaceSnapshot
}
