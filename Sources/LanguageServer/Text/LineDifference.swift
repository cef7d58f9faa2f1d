/// Which lines turn one text into another, as small as can be had cheaply (Myers, "An O(ND) difference algorithm").
///
/// A result replaces only the lines that changed, so that cursors, marks and folds elsewhere in the buffer survive.
enum LineDifference {
    struct Hunk: Sendable, Equatable {
        /// Lines of the old text that go.
        var old: Range<Int>
        /// Lines of the new text that come in their place.
        var new: Range<Int>
    }

    /// Texts that differ in more lines than this are replaced between their common beginning and end: the search
    /// keeps a row for each difference, so that its memory grows with the square (4 MiB here).
    static let mostDifferences = 500

    static func hunks(from old: TextBuffer, to new: TextBuffer) -> [Hunk] { hunks(from: old.lines, to: new.lines) }

    static func hunks(from old: [[UInt8]], to new: [[UInt8]]) -> [Hunk] {
        var head = 0
        while head < old.count, head < new.count, old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < old.count - head, tail < new.count - head,
            old[old.count - 1 - tail] == new[new.count - 1 - tail]
        {
            tail += 1
        }
        let oldMiddle = head..<(old.count - tail)
        let newMiddle = head..<(new.count - tail)
        if oldMiddle.isEmpty && newMiddle.isEmpty { return [] }
        if oldMiddle.isEmpty || newMiddle.isEmpty { return [Hunk(old: oldMiddle, new: newMiddle)] }
        let kept = commonLines(Array(old[oldMiddle]), Array(new[newMiddle]))
        guard let kept else { return [Hunk(old: oldMiddle, new: newMiddle)] }
        return hunks(between: kept, oldCount: oldMiddle.count, newCount: newMiddle.count).map {
            Hunk(
                old: ($0.old.lowerBound + head)..<($0.old.upperBound + head),
                new: ($0.new.lowerBound + head)..<($0.new.upperBound + head))
        }
    }

    /// The edits of `old` in the client's positions.
    static func edits(from old: TextBuffer, to new: TextBuffer, mapper: PositionMapper) -> [LSP.TextEdit] {
        hunks(from: old, to: new).map { hunk in
            let start = TextBuffer.Point(line: hunk.old.lowerBound, column: 0)
            let end = TextBuffer.Point(line: hunk.old.upperBound, column: 0)
            let text = new.lines[hunk.new].joined()
            return LSP.TextEdit(
                range: LSP.Range(start: mapper.position(of: start, in: old), end: mapper.position(of: end, in: old)),
                newText: String(decoding: Array(text), as: UTF8.self))
        }
    }

    /// Turns pairs of equal lines into what lies between them.
    private static func hunks(between kept: [(old: Int, new: Int)], oldCount: Int, newCount: Int) -> [Hunk] {
        var result: [Hunk] = []
        var (oldNext, newNext) = (0, 0)
        for pair in kept + [(old: oldCount, new: newCount)] {
            if pair.old > oldNext || pair.new > newNext {
                result.append(Hunk(old: oldNext..<pair.old, new: newNext..<pair.new))
            }
            (oldNext, newNext) = (pair.old + 1, pair.new + 1)
        }
        return result
    }

    /// A longest common subsequence; nil when there are too many differences.
    private static func commonLines(_ old: [[UInt8]], _ new: [[UInt8]]) -> [(old: Int, new: Int)]? {
        guard abs(old.count - new.count) <= mostDifferences else { return nil }
        let limit = min(old.count + new.count, mostDifferences)
        let offset = limit + 1
        var furthest = [Int](repeating: 0, count: 2 * limit + 3)
        var history: [[Int]] = []
        for differences in 0...limit {
            history.append(furthest)
            for diagonal in stride(from: -differences, through: differences, by: 2) {
                let down =
                    diagonal == -differences
                    || (diagonal != differences
                        && furthest[offset + diagonal - 1] < furthest[offset + diagonal + 1])
                var x = down ? furthest[offset + diagonal + 1] : furthest[offset + diagonal - 1] + 1
                var y = x - diagonal
                while x < old.count, y < new.count, y >= 0, old[x] == new[y] { (x, y) = (x + 1, y + 1) }
                furthest[offset + diagonal] = x
                if x >= old.count, y >= new.count {
                    return backtrack(history, offset: offset, oldCount: old.count, newCount: new.count)
                }
            }
        }
        return nil
    }

    private static func backtrack(
        _ history: [[Int]], offset: Int, oldCount: Int, newCount: Int
    ) -> [(old: Int, new: Int)] {
        var kept: [(old: Int, new: Int)] = []
        var (x, y) = (oldCount, newCount)
        for differences in stride(from: history.count - 1, through: 0, by: -1) {
            let furthest = history[differences]
            let diagonal = x - y
            let down =
                diagonal == -differences
                || (diagonal != differences && furthest[offset + diagonal - 1] < furthest[offset + diagonal + 1])
            let previousDiagonal = down ? diagonal + 1 : diagonal - 1
            let previousX = differences == 0 ? 0 : furthest[offset + previousDiagonal]
            let previousY = differences == 0 ? 0 : previousX - previousDiagonal
            while x > previousX, y > previousY {
                (x, y) = (x - 1, y - 1)
                kept.append((old: x, new: y))
            }
            (x, y) = (previousX, previousY)
        }
        return kept.reversed()
    }
}
