import AgentProtocol
import Git
import Policy

extension [DiffHunk] {
    /// What a patch shows, on the wire; nil where only the whole file can be applied.
    static func of(_ patch: UnifiedDiff.Patch, isLink: Bool) -> [DiffHunk]? {
        isLink || patch.binary ? nil : patch.hunks.map { $0.map(DiffHunk.init) }
    }
}

extension PolicyLayer {
    /// A link can put a folder of files that run elsewhere in its place.
    static func isSensitive(path: String, isLink: Bool) -> Bool {
        isSensitive(path: path) || (isLink && isSensitive(path: path + "/x"))
    }
}

extension DiffHunk {
    /// In the numbers of the hunk's header.
    fileprivate init(_ hunk: UnifiedDiff.Hunk) {
        let (old, new) = (hunk.lines.old, hunk.lines.new)
        self.init(
            id: hunk.id, header: hunk.header, oldStart: old.start, oldLines: old.count, newStart: new.start,
            newLines: new.count,
            changes: hunk.changes.map { change in
                let (old, new) = (change.lines.old, change.lines.new)
                return HunkChange(
                    id: change.id, oldStart: old.start, oldLines: old.count, newStart: new.start, newLines: new.count)
            })
    }
}

extension Range<Int> {
    /// Counted from 1; of no lines, the line before.
    fileprivate var start: Int { isEmpty ? lowerBound : lowerBound + 1 }
}
