/// One running sandbox: commands, files and the changes made to the workspace.
///
/// Paths are relative to the workspace, or absolute and beneath it. They are resolved inside the sandbox and never leave
/// the workspace, whatever symbolic links stand there. Once the sandbox is gone every call but ``changes()``
/// throws ``SandboxError/lost(_:)`` or ``SandboxError/stopped``, and every unfinished command ends as `.lost`.
public protocol Sandbox: Sendable {
    /// The `id` of the ``SandboxSpec``.
    var id: String { get }

    /// Starts a command and returns as soon as the supervisor has accepted it.
    ///
    /// The same request under the same id gives the same command and never a second run;
    /// a different request under a known id throws ``SandboxError/execConflict(_:)``.
    func exec(_ request: ExecRequest) async throws -> any ExecHandle

    /// What stands at `path` (the link itself is followed as long as it stays in the workspace); nil when there is nothing.
    func stat(_ path: String) async throws -> FileStatus?

    /// Up to `maximumBytes` bytes of a regular file from `offset`, and its total size.
    func readFile(_ path: String, offset: Int, maximumBytes: Int) async throws -> FileContents

    /// Replaces a file in one step, making missing parent directories. A nil `mode` keeps the present one (0644 for a new file).
    func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt32?) async throws

    /// Removes a file, a symbolic link or an empty directory.
    func removeFile(_ path: String) async throws

    /// Entries of a directory in order of their paths, `.git` left out.
    func listFiles(_ path: String, recursive: Bool, maximumEntries: Int) async throws -> FileListing

    /// How the workspace differs from the base, sorted by path.
    func changes() async throws -> [WorkspaceChange]

    /// Kills everything in the sandbox. Returns when no process is left. May be called any number of times.
    func stop() async

    /// Waits until the sandbox is gone and says why.
    var termination: SandboxTermination { get async }
}

/// Why a sandbox is gone.
public enum SandboxTermination: Sendable, Equatable {
    /// ``Sandbox/stop()`` was called.
    case stopped
    /// It ended by itself; the text is for the user.
    case lost(String)
}
