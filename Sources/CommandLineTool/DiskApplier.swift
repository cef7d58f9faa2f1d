import AgentProtocol
import LanguageServer
import ServiceClient

/// Writes a session's result into the working tree on disk. A file that changed since the snapshot is merged, or left as it
/// is.
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
                let isNamed = paths?.contains(file.path) ?? false
                let isMarked = try await apply(file, to: session, isNamed: isNamed)
                result.applied.append(file.path)
                if isMarked {
                    result.conflicts.append(ApplyConflict(path: file.path, reason: MergedFile.markersNotice))
                }
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

    /// - Returns: whether it was written with conflict markers.
    private func apply(_ file: FileDifference, to session: SessionSummary, isNamed: Bool) async throws -> Bool {
        let folder = session.workspaceFolder
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
        if current?.bytes == new, !changesMode { return false }  // it is there already
        let old = try file.oldContents.map(decode)
        let executable = file.newMode == "100755"
        guard current?.bytes == old || (changesMode && current?.bytes == new) else {
            guard let old, let new, let current = current?.bytes else {
                throw Conflict(
                    description: current == nil
                        ? "the file was deleted here meanwhile"
                        : old == nil
                            ? "a file of this name was made here meanwhile"
                            : "the file was changed here, and the session deleted it")
            }
            let merged = try await merge(file.path, base: old, ours: current, theirs: new, session.sessionId)
            guard try files.read(path, beneath: folder, limit: Self.maximumBytes)?.bytes == current else {
                throw Conflict(description: "the file was changed here meanwhile")
            }
            try files.write(merged.contents, to: path, beneath: folder, executable: executable)
            return merged.hasMarkers
        }
        if let new {
            try files.write(new, to: path, beneath: folder, executable: executable)
        } else {
            try files.remove(path, beneath: folder)
        }
        return false
    }

    private func merge(
        _ path: String, base: [UInt8], ours: [UInt8], theirs: [UInt8], _ sessionId: String
    ) async throws -> (contents: [UInt8], hasMarkers: Bool) {
        let sides = MergeSides(
            path: path, base: Base64.encode(base), ours: Base64.encode(ours), theirs: Base64.encode(theirs))
        let answer = try await client.call(AgentMerge.self, AgentMerge.Params(sessionId: sessionId, files: [sides]))
        guard let file = answer.files.first, file.path == path else {
            throw Conflict(description: "the service did not merge the file")
        }
        guard let contents = try file.contents.map(decode) else { throw Conflict(description: file.refusal) }
        return (contents, file.conflicts)
    }

    private func decode(_ text: String) throws -> [UInt8] {
        guard let bytes = Base64.decode(text) else { throw Conflict(description: "the service sent broken contents") }
        return bytes
    }
}
