import AgentProtocol
import Git
import Sandbox
import Workspace

/// Merges a session's result with what the user made of the same files meanwhile (`agent/merge`).
public enum ResultMerge {
    public static let maximumFiles = 1000

    /// - Throws: `AgentError.invalidParams` when contents are not base64; `GitError`.
    public static func merge(_ params: AgentMerge.Params) async throws -> AgentMerge.Result {
        guard params.files.count <= maximumFiles else {
            throw AgentError.invalidParams("at most \(maximumFiles) files are merged at a time")
        }
        let labels = FileMerge.Labels(ours: "yours", theirs: "session \(params.sessionId)")
        return try await Background.run {
            AgentMerge.Result(files: try params.files.map { try merge($0, labels) })
        }
    }

    private static func merge(_ file: MergeSides, _ labels: FileMerge.Labels) throws -> MergedFile {
        let sides = try [file.base, file.ours, file.theirs].map { text in
            guard let bytes = Base64.decode(text) else {
                throw AgentError.invalidParams("\(file.path): contents must be base64")
            }
            return bytes
        }
        // Markers within markers could not be told apart.
        let begin = Array("<<<<<<< \(labels.ours)".utf8)
        if sides[1].split(separator: UInt8(ascii: "\n")).contains(where: { $0.starts(with: begin) }) {
            return MergedFile(path: file.path, contents: nil, conflicts: true)
        }
        let merged = try FileMerge.merge(base: sides[0], ours: sides[1], theirs: sides[2], labels: labels)
        return MergedFile(
            path: file.path, contents: merged.map { Base64.encode($0.contents) }, conflicts: merged?.isClean == false)
    }
}
