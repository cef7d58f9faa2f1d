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

    /// Goes on reading a command that was started earlier, also by a former service: its output from these offsets on,
    /// and its result. An older handle of the same command gets no more output, but still the result.
    ///
    /// Throws ``SandboxError/unknownCommand(_:)`` when no command of that id was ever accepted.
    func attach(_ id: ExecID, stdoutOffset: Int, stderrOffset: Int) async throws -> any ExecHandle

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

    /// Makes an empty folder outside the workspace, where a command can leave files that are no part of the work.
    ///
    /// - Returns: its absolute path inside; nil where the sandbox has no such place.
    func makeScratchFolder() async throws -> String?

    /// The regular files in a scratch folder, in order of their paths; no link is followed. What is above the limits is
    /// left out. A folder that is gone has none.
    func scratchFiles(_ folder: String, maximumFiles: Int, maximumBytes: Int) async throws -> [ScratchFile]

    /// Removes a scratch folder with what is in it, as far as that can be done.
    func removeScratchFolder(_ folder: String) async

    /// Keeps what the session has written to disk as a step of the store: its changes of the workspace, and its home
    /// directory where that is on disk. `/tmp` and what is in memory are not part of it.
    ///
    /// The store must be the one that the sandbox began with (``SandboxDriver/create(_:from:)``), if it did. Nothing should run
    /// meanwhile; what runs all the same makes the snapshot one that is not consistent.
    /// Throws ``SandboxError/snapshotFailed(_:)``, which does the sandbox no harm.
    func snapshot(_ step: Int, into store: SnapshotStore) async throws -> SnapshotReport

    /// Whether ``snapshot(_:into:)`` does anything but throw.
    var takesSnapshots: Bool { get }

    /// Kills everything in the sandbox. Returns when no process is left. May be called any number of times.
    func stop() async

    /// Closes our end and leaves the sandbox with its commands running, to be adopted by a later
    /// ``SandboxDriver/adopt(_:)``; it ends by itself after ``SandboxSpec/orphanGrace``. Handles of commands end as
    /// `.lost`; what they say is known again after adoption.
    func detach() async

    /// Connections that programs made to the sandbox's proxy ports (``SandboxSpec/egress``). One reader; at most 256 wait
    /// for it, further ones are closed. Ends with the sandbox.
    var connections: AsyncStream<PassedConnection> { get }

    /// Waits until the sandbox is gone and says why.
    var termination: SandboxTermination { get async }
}

extension Sandbox {
    public func attach(_ id: ExecID, stdoutOffset: Int, stderrOffset: Int) async throws -> any ExecHandle {
        throw SandboxError.unknownCommand(id)
    }

    public func snapshot(_ step: Int, into store: SnapshotStore) async throws -> SnapshotReport {
        throw SandboxError.snapshotFailed("this sandbox cannot take any")
    }

    public func makeScratchFolder() async throws -> String? { nil }

    public func scratchFiles(
        _ folder: String, maximumFiles: Int, maximumBytes: Int
    ) async throws -> [ScratchFile] { [] }

    public func removeScratchFolder(_ folder: String) async {}

    public var takesSnapshots: Bool { false }

    public func detach() async { await stop() }

    public var connections: AsyncStream<PassedConnection> { AsyncStream { $0.finish() } }
}

/// Why a sandbox is gone.
public enum SandboxTermination: Sendable, Equatable {
    /// ``Sandbox/stop()`` was called.
    case stopped
    /// ``Sandbox/detach()`` was called, or another service adopted it: it runs on, but not for us.
    case detached
    /// It ended by itself; the text is for the user.
    case lost(String)
}
