import AgentProtocol

/// Finds where a place in the sandbox's file is in what the user sees: back to the file that the session started from
/// by what the service says about the agent's changes, then forward through what the user has changed since.
struct Placement: Sendable {
    enum State: Sendable, Hashable {
        /// The user has that line as the tool saw it.
        case current
        /// The user has changed or removed it since.
        case stale
        /// The agent wrote it; the user does not have it. The place is where it would come.
        case sandbox
    }

    struct Place: Sendable, Hashable {
        var range: LSP.Range
        var state: State
    }

    /// From the session's base to the tree that was checked.
    let changes: LineMap
    /// Nil when the user has no such file, or one that is too large to follow.
    let followed: FollowedText?
    let mapper: PositionMapper

    /// How far a line is looked for around where it should be.
    private static let searchedLines = 1000
    /// How many lines are compared with one that is gone, to each side.
    private static let comparedLines = 100
    /// A line of fewer bytes is found everywhere (`}`).
    private static let tellingBytes = 5

    /// - Parameter sourceLine: the text of the first line as the tool saw it, if known.
    func place(_ range: TextRange?, sourceLine: String? = nil) -> Place {
        let start = LSP.Position(line: 0, character: 0)
        guard let range else { return Place(range: LSP.Range(start: start, end: start), state: .current) }
        guard let followed else { return Place(range: Self.unchecked(range), state: .current) }
        let lines = Self.lines(of: range)
        switch locate(lines.lowerBound, sourceLine, in: followed) {
        case .found(let line, let base):
            return placed(range, lines, at: line, base: base, in: followed)
        case .gone(let gap, let base, let offset, let state):
            let old = base.map { Array(followed.base.content(ofLine: $0)) } ?? sourceLine.map { Array($0.utf8) }
            return Place(range: self.range(range, in: gap, at: offset, old: old, followed.current), state: state)
        }
    }

    /// Where a range is when the user has every line of it as the tool saw it, else nil: for edits.
    func exactRange(_ range: TextRange) -> Range<TextBuffer.Point>? {
        guard let followed, range.startLine >= 1, range.endLine >= range.startLine,
            range.startColumn >= 1, range.endColumn >= 1
        else { return nil }
        let lines = Self.lines(of: range)
        guard changes.isUntouched(new: lines), case .line(let base) = changes.oldPlace(ofNew: lines.lowerBound) else {
            return nil
        }
        let baseLines = base...(base + lines.upperBound - lines.lowerBound)
        guard baseLines.lowerBound >= 0, baseLines.upperBound < followed.base.lines.count,
            followed.map.isUntouched(old: baseLines), case .line(let line) = followed.map.newPlace(ofOld: base)
        else { return nil }
        let start = TextBuffer.Point(line: line, column: range.startColumn - 1)
        var end = TextBuffer.Point(line: line + range.endLine - range.startLine, column: range.endColumn - 1)
        let text = followed.current
        // The end of the last line is the beginning of one that may not be there.
        if end.column == 0, end.line == text.lines.count { end = text.end }
        guard start <= end, text.clamped(start) == start, text.clamped(end) == end else { return nil }
        return start..<end
    }

    // MARK: Lines

    private enum Location {
        /// Line of the user's text, and of the base where it has the line.
        case found(Int, base: Int?)
        /// What stands in its place, its line in the base, and which line of several it would be.
        case gone(Range<Int>, base: Int?, offset: Int, State)
    }

    private func locate(_ line: Int, _ sourceLine: String?, in followed: FollowedText) -> Location {
        switch changes.oldPlace(ofNew: line) {
        case .line(let old):
            var base = min(max(old, 0), followed.base.lines.count - 1)
            if let sourceLine, Self.text(followed.base, base) != sourceLine {
                // The file is not what the session started from.
                let around = (base - Self.searchedLines)..<(base + Self.searchedLines)
                guard let found = Self.find(sourceLine, near: base, in: around, followed.base, isAnywhere: true) else {
                    let gap = followed.map.newRange(ofOld: base..<(base + 1))
                    return .gone(gap, base: nil, offset: 0, .stale)
                }
                base = found
            }
            switch followed.map.newPlace(ofOld: base) {
            case .line(let line): return .found(min(line, followed.current.lines.count - 1), base: base)
            case .gap(let gap, let offset):
                let text = Self.text(followed.base, base)
                let near = gap.lowerBound + offset
                if let text, let line = Self.find(text, near: near, in: gap, followed.current, isAnywhere: true) {
                    return .found(line, base: base)
                }
                return .gone(gap, base: base, offset: offset, .stale)
            }
        case .gap(let old, let offset):
            let limit = followed.base.lines.count
            let base = min(old.lowerBound, limit)..<min(old.upperBound, limit)
            let gap = followed.map.newRange(ofOld: base)
            // The user may have it by now: applied, or written by hand.
            if let sourceLine,
                let line = Self.find(
                    sourceLine, near: gap.lowerBound + offset, in: gap, followed.current, isAnywhere: false)
            {
                return .found(line, base: nil)
            }
            return .gone(gap, base: nil, offset: offset, .sandbox)
        }
    }

    /// The nearest line with this text.
    /// - Parameter isAnywhere: whether the lines may be other ones that happen to look the same.
    private static func find(
        _ text: String, near line: Int, in lines: Range<Int>, _ buffer: TextBuffer, isAnywhere: Bool
    ) -> Int? {
        if isAnywhere, text.utf8.count(where: { $0 != 0x20 && $0 != 0x09 }) < tellingBytes { return nil }
        let window = lines.clamped(to: max(0, line - searchedLines)..<max(0, line + searchedLines))
            .clamped(to: 0..<buffer.lines.count)
        let wanted = Array(text.utf8)
        return window.filter { isSame(buffer.content(ofLine: $0), wanted) }.min { abs($0 - line) < abs($1 - line) }
    }

    /// Whether a line is quoted with these bytes. Most are not, which costs next to nothing.
    private static func isSame(_ line: ArraySlice<UInt8>, _ quoted: [UInt8]) -> Bool {
        if line.count == quoted.count { return line.elementsEqual(quoted) }
        guard line.count > Diagnostic.longestSourceLine || line.first == 0xEF else { return false }
        return Diagnostic.sourceLine(of: line)?.utf8.elementsEqual(quoted) ?? false
    }

    /// As the service quotes it.
    private static func text(_ buffer: TextBuffer, _ line: Int) -> String? {
        Diagnostic.sourceLine(of: buffer.content(ofLine: line))
    }

    /// Lines from 0; one that only ends where the next begins is not touched by a range.
    private static func lines(of range: TextRange) -> ClosedRange<Int> {
        let start = clamp(range.startLine)
        let end = clamp(range.endLine) - (range.endColumn <= 1 && range.endLine > range.startLine ? 1 : 0)
        return start...max(start, end)
    }

    /// Positions are unsigned 31-bit numbers in LSP.
    private static func clamp(_ value: Int) -> Int { min(max(value, 1), Int(Int32.max)) - 1 }

    // MARK: Ranges

    /// A range whose first line was found.
    private func placed(
        _ range: TextRange, _ lines: ClosedRange<Int>, at line: Int, base: Int?, in followed: FollowedText
    ) -> Place {
        let height = lines.upperBound - lines.lowerBound
        var state = State.current
        var last = line + height
        if height > 0, let base {
            let baseEnd = changes.oldPlace(ofNew: lines.upperBound)
            if case .line(let baseLast) = baseEnd, baseLast >= base, baseLast < followed.base.lines.count {
                if !followed.map.isUntouched(old: base...baseLast) { state = .stale }
                last = max(line, followed.map.newRange(ofOld: base..<(baseLast + 1)).upperBound - 1)
            }
        }
        let moved = last - lines.upperBound
        let new = TextRange(
            startLine: line + 1, startColumn: range.startColumn,
            endLine: height == 0 && range.endLine == range.startLine ? line + 1 : Self.clamp(range.endLine) + 1 + moved,
            endColumn: range.endColumn)
        return Place(range: mapper.range(of: new, in: followed.current), state: state)
    }

    /// A range in what stands in its line's place.
    private func range(
        _ range: TextRange, in gap: Range<Int>, at offset: Int, old: [UInt8]?, _ text: TextBuffer
    ) -> LSP.Range {
        guard !gap.isEmpty else {
            let line = min(gap.lowerBound, text.lines.count - 1)
            let position = mapper.position(of: .init(line: line, column: 0), in: text)
            return LSP.Range(start: position, end: position)
        }
        let line = Self.line(in: gap.clamped(to: 0..<text.lines.count), at: offset, like: old, text)
        let new = text.content(ofLine: line)
        let indentation = new.prefix { $0 == 0x20 || $0 == 0x09 }.count
        var columns = indentation..<max(indentation, new.count)
        if let old, range.endLine == range.startLine {
            columns = Self.columns(
                (range.startColumn.less1)..<max(range.startColumn.less1, range.endColumn.less1), old, new)
        }
        return LSP.Range(
            start: mapper.position(of: .init(line: line, column: columns.lowerBound), in: text),
            end: mapper.position(of: .init(line: line, column: columns.upperBound), in: text))
    }

    /// The line that most likely came of another: the most alike, else the one in its place.
    private static func line(in gap: Range<Int>, at offset: Int, like old: [UInt8]?, _ text: TextBuffer) -> Int {
        let place = gap.lowerBound + min(offset, max(0, gap.count - 1))
        guard let old else { return place }
        var best = (line: place, likeness: 0)
        for line in gap.clamped(to: max(0, place - comparedLines)..<(place + comparedLines)) {
            let (head, tail) = common(old, text.content(ofLine: line))
            let likeness = old[..<head].count { $0 != 0x20 && $0 != 0x09 } + tail
            let isNearer = abs(line - place) < abs(best.line - place)
            if likeness > best.likeness || (likeness == best.likeness && isNearer) { best = (line, likeness) }
        }
        return best.line
    }

    /// How many bytes two lines have in common at their beginnings and at their ends.
    private static func common(_ old: [UInt8], _ new: ArraySlice<UInt8>) -> (head: Int, tail: Int) {
        let shorter = min(old.count, new.count)
        var head = 0
        while head < shorter, old[head] == new[new.startIndex + head] { head += 1 }
        var tail = 0
        while tail < shorter - head, old[old.count - 1 - tail] == new[new.endIndex - 1 - tail] { tail += 1 }
        return (head, tail)
    }

    /// Columns of a line that was changed: what both have at the beginning and at the end stays where it is.
    private static func columns(_ range: Range<Int>, _ old: [UInt8], _ new: ArraySlice<UInt8>) -> Range<Int> {
        let (head, tail) = common(old, new)
        func column(_ column: Int) -> Int {
            if column <= head { return column }
            if column >= old.count - tail { return max(head, column + new.count - old.count) }
            return min(column, new.count - tail)
        }
        let start = column(range.lowerBound)
        return start..<max(start, column(range.upperBound))
    }

    /// For a file that is only in the sandbox: bytes stand for characters.
    private static func unchecked(_ range: TextRange) -> LSP.Range {
        let start = LSP.Position(line: clamp(range.startLine), character: clamp(range.startColumn))
        let end = LSP.Position(line: clamp(range.endLine), character: clamp(range.endColumn))
        return LSP.Range(start: start, end: max(start, end))
    }
}
