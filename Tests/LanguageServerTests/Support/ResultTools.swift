import AgentProtocol
import Git
import JSON
import ServiceClient

@testable import LanguageServer

/// Results as a service would hand them over, with the hunks that git finds.
enum ResultTools {
    static func difference(
        _ path: String, _ old: [UInt8]?, _ new: [UInt8]?, oldMode: FileMode = .regular, newMode: FileMode = .regular
    ) throws -> FileDifference {
        let patch = try UnifiedDiff.make(old: old, new: new, path: path, oldMode: oldMode, newMode: newMode)
        return FileDifference(
            path: path, change: old == nil ? .added : new == nil ? .deleted : .modified, binary: patch.binary,
            oldMode: old == nil ? nil : oldMode.rawValue, newMode: new == nil ? nil : newMode.rawValue,
            patch: patch.text,
            hunks: oldMode == .symbolicLink || newMode == .symbolicLink ? nil : patch.hunks?.map(wire),
            oldContents: old.map(Base64.encode), newContents: new.map(Base64.encode))
    }

    static func difference(_ path: String, _ old: String?, _ new: String?) throws -> FileDifference {
        try difference(path, old.map { Array($0.utf8) }, new.map { Array($0.utf8) })
    }

    private static func wire(_ hunk: UnifiedDiff.Hunk) -> DiffHunk {
        let old = start(hunk.lines.old)
        let new = start(hunk.lines.new)
        return DiffHunk(
            id: hunk.id, header: hunk.header, oldStart: old, oldLines: hunk.lines.old.count, newStart: new,
            newLines: hunk.lines.new.count,
            changes: hunk.changes.map { change in
                HunkChange(
                    id: change.id, oldStart: start(change.lines.old), oldLines: change.lines.old.count,
                    newStart: start(change.lines.new), newLines: change.lines.new.count)
            })
    }

    private static func start(_ range: Range<Int>) -> Int { range.isEmpty ? range.lowerBound : range.lowerBound + 1 }

    /// Merges as the service does.
    static func merge(_ params: AgentMerge.Params) throws -> AgentMerge.Result {
        let labels = FileMerge.Labels(ours: "yours", theirs: "session \(params.sessionId)")
        return AgentMerge.Result(
            files: try params.files.map { file in
                let sides = [file.base, file.ours, file.theirs].map { Base64.decode($0) ?? [] }
                let merged = try FileMerge.merge(base: sides[0], ours: sides[1], theirs: sides[2], labels: labels)
                return MergedFile(
                    path: file.path, contents: merged.map { Base64.encode($0.contents) },
                    conflicts: merged?.isClean == false)
            })
    }

    /// Files on disk, without an editor.
    struct Disk: ApplySurface {
        func planner(_ folder: String) async -> ApplyPlanner {
            ApplyPlanner(
                folder: folder, documents: DocumentStore(), files: PosixFileAccess(), features: ClientFeatures(),
                writesToDisk: true)
        }

        func edit(_ edit: LSP.WorkspaceEdit, _ label: String) async -> String? { "there is no editor" }
    }

    static func engine(_ folder: TemporaryFolder, _ state: TemporaryFolder, session: String = "s1") -> ApplyEngine {
        ApplyEngine(
            session: session, folder: folder.path, surface: Disk(), memory: ApplyMemory(stateDirectory: state.path),
            merge: { try merge($0) })
    }
}

extension ApplyEngine {
    /// Applies hunks of one file by their ids; none: all of it.
    func apply(_ file: FileDifference, ids: [String]?) async -> Outcome {
        let hunks = ids.map { [HunkChoice(path: file.path, ids: $0)] }
        return await apply([file], ResultSelection(paths: nil, hunks: hunks), label: "")
    }
}
