/// Follows lines from the sandbox's file back to the file that the session started from, by the unified diffs of the
/// steps that changed it.
///
/// A compiler reports positions in the sandbox's text, while the user's buffer still shows the text before; without
/// this every diagnostic below an inserted line would be off.
struct LineShift: Sendable, Equatable {
    struct Hunk: Sendable, Equatable {
        /// Lines from 1, as in `@@ -oldStart,oldCount +newStart,newCount @@`.
        var oldStart: Int
        var oldCount: Int
        var newStart: Int
        var newCount: Int
    }

    /// One entry a step, in order.
    private var steps: [[Hunk]] = []

    /// Files that change more often than this are no longer followed exactly.
    static let mostSteps = 1000
    /// Numbers above this are not line numbers.
    private static let mostLines = 100_000_000

    mutating func append(patch: String) {
        let hunks = Self.hunks(of: patch)
        if !hunks.isEmpty, steps.count < Self.mostSteps { steps.append(hunks) }
    }

    /// The line of the original file where `line` (from 1) came from; for an inserted line, where it was put.
    func originalLine(_ line: Int) -> Int {
        steps.reversed().reduce(line) { Self.line($1, before: $0) }
    }

    private static func line(_ hunks: [Hunk], before line: Int) -> Int {
        var shift = 0
        for hunk in hunks {
            // With no line left, the hunk stands after `newStart`.
            let first = hunk.newCount == 0 ? hunk.newStart + 1 : hunk.newStart
            if line < first { break }
            if line < first + hunk.newCount {
                let inside = line - first
                let oldFirst = hunk.oldCount == 0 ? hunk.oldStart + 1 : hunk.oldStart
                return max(1, oldFirst + min(inside, max(hunk.oldCount - 1, 0)))
            }
            shift += hunk.oldCount - hunk.newCount
        }
        return max(1, line + shift)
    }

    /// The hunks of a unified diff, cut down to the lines that changed: context is not a change.
    private static func hunks(of patch: String) -> [Hunk] {
        var result: [Hunk] = []
        var old = 0
        var new = 0
        var current: Hunk?
        var isInHunk = false
        func flush() {
            if let hunk = current { result.append(hunk) }
            current = nil
        }
        for line in patch.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("@@ ") {
                flush()
                guard let header = header(line) else { return result }
                (old, new) = (header.old, header.new)
                isInHunk = true
            } else if isInHunk, line.hasPrefix("-") || line.hasPrefix("+") {
                // An empty side names the line before it.
                var hunk = current ?? Hunk(oldStart: old - 1, oldCount: 0, newStart: new - 1, newCount: 0)
                if line.hasPrefix("-") {
                    if hunk.oldCount == 0 { hunk.oldStart = old }
                    hunk.oldCount += 1
                    old += 1
                } else {
                    if hunk.newCount == 0 { hunk.newStart = new }
                    hunk.newCount += 1
                    new += 1
                }
                current = hunk
            } else if isInHunk, line.hasPrefix(" ") {
                flush()
                (old, new) = (old + 1, new + 1)
            } else if !line.hasPrefix("\\") {
                flush()
                isInHunk = false
            }
        }
        flush()
        return result
    }

    /// First lines of `@@ -a,b +c,d @@`; a side without lines names the line before.
    private static func header(_ line: Substring) -> (old: Int, new: Int)? {
        let parts = line.split(separator: " ")
        guard parts.count >= 3, parts[1].hasPrefix("-"), parts[2].hasPrefix("+"),
            let old = side(parts[1].dropFirst()), let new = side(parts[2].dropFirst())
        else { return nil }
        return (old, new)
    }

    private static func side(_ text: Substring) -> Int? {
        let parts = text.split(separator: ",")
        guard let first = parts.first.flatMap({ Int($0) }), (0...mostLines).contains(first) else { return nil }
        let count = parts.count > 1 ? Int(parts[1]) : 1
        return count == 0 ? first + 1 : first
    }
}
