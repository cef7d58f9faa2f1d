import Sandbox

/// What is left of a sandbox that is gone: the changes on disk, for a last result.
struct LostSandbox: Sandbox {
    let spec: SandboxSpec
    let driver: any SandboxDriver
    let reason: String

    var id: String { spec.id }

    private var error: SandboxError { .lost(reason) }

    func exec(_ request: ExecRequest) async throws -> any ExecHandle { throw error }

    func attach(_ id: ExecID, stdoutOffset: Int, stderrOffset: Int) async throws -> any ExecHandle { throw error }

    func stat(_ path: String) async throws -> FileStatus? { throw error }

    func readFile(_ path: String, offset: Int, maximumBytes: Int) async throws -> FileContents { throw error }

    func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt32?) async throws { throw error }

    func removeFile(_ path: String) async throws { throw error }

    func listFiles(_ path: String, recursive: Bool, maximumEntries: Int) async throws -> FileListing { throw error }

    func changes() async throws -> [WorkspaceChange] { try await driver.changes(leftBy: spec) }

    func stop() async { _ = await driver.endOrphan(stateDirectory: spec.stateDirectory) }

    var termination: SandboxTermination { get async { .lost(reason) } }
}
