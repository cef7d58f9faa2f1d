import AgentProtocol

/// Texts made of an old one and some of the changes that lead to a new one.
struct HunkLines {
    /// Lines of both sides, counted from 0.
    struct Change: Sendable {
        var id: String
        var old: Range<Int>
        var new: Range<Int>
    }

    private let old: [[UInt8]]
    private let new: [[UInt8]]
    /// In order.
    let changes: [Change]

    /// - Returns: nil when the hunks are not a way from `old` to `new`.
    init?(old: [UInt8], new: [UInt8], hunks: [DiffHunk]) {
        self.old = Self.lines(old)
        self.new = Self.lines(new)
        var changes: [Change] = []
        var (oldNext, newNext) = (0, 0)
        for change in hunks.lazy.flatMap(\.changes) {
            guard let old = Self.range(change.oldStart, change.oldLines, self.old.count),
                let new = Self.range(change.newStart, change.newLines, self.new.count),
                old.lowerBound >= oldNext, old.lowerBound - oldNext == new.lowerBound - newNext
            else { return nil }
            changes.append(Change(id: change.id, old: old, new: new))
            (oldNext, newNext) = (old.upperBound, new.upperBound)
        }
        self.changes = changes
        guard applying(Set(changes.map(\.id))) == new else { return nil }
    }

    /// The old text with these changes.
    func applying(_ ids: Set<String>) -> [UInt8] {
        var result: [UInt8] = []
        var next = 0
        for change in changes where ids.contains(change.id) {
            for line in old[next..<change.old.lowerBound] { result += line }
            for line in new[change.new] { result += line }
            next = change.old.upperBound
        }
        for line in old[next...] { result += line }
        return result
    }

    /// `text`, which has something of the new text already, with the rest of what these changes put there.
    /// - Returns: nil when that cannot be told apart from other changes.
    func completing(_ text: [UInt8], with ids: Set<String>) -> [UInt8]? {
        let lines = Self.lines(text)
        let wanted = changes.filter { ids.contains($0.id) }.map(\.new)
        var result: [UInt8] = []
        var next = 0
        var position = 0
        for hunk in LineDifference.hunks(from: lines, to: new) {
            while position < wanted.count, wanted[position].upperBound < hunk.new.lowerBound { position += 1 }
            guard position < wanted.count, wanted[position].lowerBound <= hunk.new.upperBound else { continue }
            // Texts that differ much are not compared line by line.
            guard hunk.new.count <= LineDifference.mostDifferences || hunk.new == wanted[position] else { return nil }
            for line in lines[next..<hunk.old.lowerBound] { result += line }
            for line in new[hunk.new] { result += line }
            next = hunk.old.upperBound
        }
        for line in lines[next...] { result += line }
        return result
    }

    private static func range(_ start: Int, _ count: Int, _ limit: Int) -> Range<Int>? {
        guard count >= 0, start >= 0, start <= limit, count <= limit else { return nil }
        let first = count == 0 ? start : start - 1
        guard first >= 0, first + count <= limit else { return nil }
        return first..<(first + count)
    }

    /// With their ends; none for an empty text.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines = TextBuffer(bytes).lines
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
