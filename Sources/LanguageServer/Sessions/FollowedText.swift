/// A file as a session got it, and where its lines are in what the user sees now.
struct FollowedText: Sendable {
    /// As the session got it.
    private(set) var base: TextBuffer
    /// From `base` to `current`.
    private(set) var map: LineMap
    /// The open buffer, else the file.
    private(set) var current: TextBuffer

    init(base: TextBuffer, current: TextBuffer) {
        self.base = base
        self.current = base
        map = LineMap()
        replace(current)
    }

    /// The user sees another text: the buffer was opened or closed, the file changed.
    mutating func replace(_ text: TextBuffer) {
        if text == current { return }
        // An editor that hides line endings has changed nothing.
        if !Self.hasCarriageReturns(text), Self.hasCarriageReturns(base) {
            base = TextBuffer(LineEndings.plain(base.bytes))
        }
        current = text
        map = LineMap(LineDifference.hunks(from: base, to: text))
        trim(0..<current.lines.count)
    }

    /// The user has edited the buffer.
    /// - Parameter edits: in the lines that the one before left.
    mutating func follow(_ edits: [LineEdit], to text: TextBuffer) {
        current = text
        var touched: Range<Int>?
        for edit in edits {
            map.replaceNew(edit.lines, with: edit.count)
            let delta = edit.count - edit.lines.count
            let end = edit.lines.upperBound
            var window = edit.lines.lowerBound..<max(edit.lines.lowerBound, end + delta)
            if let before = touched {
                let lower = before.lowerBound >= end ? before.lowerBound + delta : before.lowerBound
                let upper = before.upperBound >= end ? before.upperBound + delta : before.upperBound
                window = min(lower, window.lowerBound)..<max(upper, window.upperBound)
            }
            touched = window
        }
        if let touched { trim(touched) }
    }

    private mutating func trim(_ window: Range<Int>) {
        let (base, current) = (base, current)
        map.trim(in: window) { old, new in
            guard old < base.lines.count, new < current.lines.count else { return false }
            // The last line has no terminator, which changes nothing about it.
            return base.lines[old] == current.lines[new]
                || base.content(ofLine: old).elementsEqual(current.content(ofLine: new))
        }
    }

    private static func hasCarriageReturns(_ text: TextBuffer) -> Bool {
        text.lines.prefix(1000).contains { $0.count >= 2 && $0[$0.count - 2] == UInt8(ascii: "\r") }
    }
}
