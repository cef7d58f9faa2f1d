import AgentProtocol
import LanguageServer
import ServiceClient

/// Writes a session's result into the working tree on disk. A file that changed since the snapshot is left as it is.
struct DiskApplier {
    let client: ServiceClient
    let files = PosixFileAccess()

    /// Larger files are not compared, and so not applied.
    private static let maximumBytes = 64 << 20

    func apply(_ session: SessionSummary, paths: [String]?) async throws -> AgentApply.Result {
        let diff = try await client.call(
            AgentDiff.self,
            AgentDiff.Params(sessionId: session.sessionId, paths: paths, includeContents: true))
        var result = AgentApply.Result(applied: [], conflicts: [])
        for path in paths ?? [] where !diff.files.contains(where: { $0.path == path }) {
            result.conflicts.append(ApplyConflict(path: path, reason: "the session did not change this file"))
        }
        for file in diff.files {
            do {
                try apply(file, to: session.workspaceFolder, isNamed: paths?.contains(file.path) ?? false)
                result.applied.append(file.path)
            } catch {
                result.conflicts.append(ApplyConflict(path: file.path, reason: "\(error)"))
            }
        }
        _ = try await client.call(
            AgentApplied.self,
            AgentApplied.Params(
                sessionId: session.sessionId, treeHash: diff.treeHash, applied: result.applied,
                conflicts: result.conflicts))
        return result
    }

    private struct Conflict: Error, CustomStringConvertible {
        var description: String
    }

    private func apply(_ file: FileDifference, to folder: String, isNamed: Bool) throws {
        let path = try WorkspacePath(file.path)
        guard file.sensitive != true || isNamed else {
            throw Conflict(
                description: "this file runs outside the sandbox once it is applied; look at it and apply it by --path")
        }
        guard file.oldMode != "120000", file.newMode != "120000" else {
            throw Conflict(description: "symbolic links are not applied; see `cofferdam diff`")
        }
        let current = try files.read(path, beneath: folder, limit: Self.maximumBytes)
        let new = try file.newContents.map(decode)
        let changesMode = file.oldMode != nil && file.newMode != nil && file.oldMode != file.newMode
        if current?.bytes == new, !changesMode { return }  // it is there already
        let old = try file.oldContents.map(decode)
        guard current?.bytes == old || (changesMode && current?.bytes == new) else {
            throw Conflict(
                description: current == nil
                    ? "the file was deleted here meanwhile"
                    : old == nil ? "a file of this name was made here meanwhile" : "the file was changed here meanwhile"
            )
        }
        if let new {
            try files.write(new, to: path, beneath: folder, executable: file.newMode == "100755")
        } else {
            try files.remove(path, beneath: folder)
        }
    }

    private func decode(_ text: String) throws -> [UInt8] {
        guard let bytes = Base64.decode(text) else { throw Conflict(description: "the service sent broken contents") }
        return bytes
    }
}
