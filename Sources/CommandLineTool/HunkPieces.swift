import AgentProtocol

/// What of one file can be asked about by itself.
struct HunkPieces {
    struct Piece {
        /// For `agent/apply`; nil stands for the whole file.
        var id: String?
        /// Its lines of the patch; empty where the heading says it all.
        var text: String
        /// "this hunk to", and then the path.
        var question: String
        /// Smaller ones in its place.
        var parts: [Piece] = []
    }

    let path: String
    let isSensitive: Bool
    /// The patch before its first `@@`, or a sentence.
    let heading: String
    let pieces: [Piece]

    /// Lines of context that a part of a hunk is shown with.
    private static let context = 3

    init(_ file: FileDifference) {
        path = file.path
        isSensitive = file.sensitive == true
        let lines = file.patch.split(separator: "\n", omittingEmptySubsequences: false)
        let starts = lines.indices.filter { lines[$0].hasPrefix("@@") }
        heading =
            file.binary
            ? "binary file \(Terminal.name(file.path))\n"
            : lines[..<(starts.first ?? lines.endIndex)].joined(separator: "\n") + "\n"
        let body = starts.first.map { lines[$0...].joined(separator: "\n") } ?? ""
        guard file.change == .modified, let hunks = file.hunks, hunks.count == starts.count else {
            pieces = [Piece(id: nil, text: body.trimmedEnd, question: Self.question(file))]
            return
        }
        var pieces: [Piece] = []
        if let old = file.oldMode, let new = file.newMode, old != new {
            pieces.append(Piece(id: "mode", text: "", question: "the mode change \(old) → \(new) to"))
        }
        for (index, hunk) in hunks.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : lines.endIndex
            let shown = lines[starts[index]..<end]
            pieces.append(
                Piece(
                    id: hunk.id, text: shown.joined(separator: "\n").trimmedEnd, question: "this hunk to",
                    parts: Self.parts(of: hunk, Array(shown.dropFirst()))))
        }
        self.pieces = pieces
    }

    private static func question(_ file: FileDifference) -> String {
        switch (file.change, file.oldMode == "120000" || file.newMode == "120000") {
        case (.added, false): "the new file"
        case (.added, true): "the new link"
        case (.deleted, _): "the deletion of"
        case (.modified, true): "the link"
        case (.modified, false): "the change of"
        }
    }

    /// The changes of a hunk one by one, each with the context around it.
    private static func parts(of hunk: DiffHunk, _ lines: [Substring]) -> [Piece] {
        guard hunk.changes.count > 1 else { return [] }
        var runs: [Range<Int>] = []
        for (index, line) in lines.enumerated() {
            guard let first = line.utf8.first, first != UInt8(ascii: " ") else { continue }
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<(index + 1)
            } else if first != UInt8(ascii: "\\") {
                runs.append(index..<(index + 1))
            }
        }
        guard runs.count == hunk.changes.count else { return [] }
        return zip(hunk.changes, runs).enumerated().map { index, pair in
            let (change, run) = pair
            let before = index == 0 ? 0 : runs[index - 1].upperBound
            let after = index + 1 < runs.count ? runs[index + 1].lowerBound : lines.count
            let start = max(before, run.lowerBound - context)
            let end = min(after, run.upperBound + context)
            let header =
                "@@ -\(change.oldStart),\(change.oldLines) +\(change.newStart),\(change.newLines) @@"
            return Piece(
                id: change.id, text: ([Substring(header)] + lines[start..<end]).joined(separator: "\n").trimmedEnd,
                question: "this hunk to")
        }
    }
}

extension String {
    /// Without the line's end behind it.
    fileprivate var trimmedEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}
