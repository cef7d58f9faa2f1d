/// Which lines of one text are which of another: hunks that differ, and everything between them the same.
///
/// A map follows a text that is edited: an edit costs the lines that it touches and one addition for each hunk below,
/// never the whole file.
struct LineMap: Sendable, Equatable {
    typealias Hunk = LineDifference.Hunk

    /// Where a line is on the other side.
    enum Place: Sendable, Equatable {
        case line(Int)
        /// It is not there; what stands in its place, and which of the lines there it would be.
        case gap(Range<Int>, offset: Int)
    }

    /// In order, on both sides; no two touch each other.
    private(set) var hunks: [Hunk] = []

    /// Nothing differs.
    init() {}

    init(_ hunks: [Hunk]) { self.hunks = hunks }

    /// Hunks from elsewhere.
    /// - Returns: nil when they contradict each other.
    init?(checking hunks: some Sequence<Hunk>) {
        var end = Hunk(old: 0..<0, new: 0..<0)
        for hunk in hunks {
            let oldGap = hunk.old.lowerBound - end.old.upperBound
            guard oldGap >= 0, oldGap == hunk.new.lowerBound - end.new.upperBound else { return nil }
            if oldGap == 0, let last = self.hunks.indices.last {
                self.hunks[last].old = self.hunks[last].old.lowerBound..<hunk.old.upperBound
                self.hunks[last].new = self.hunks[last].new.lowerBound..<hunk.new.upperBound
            } else {
                self.hunks.append(hunk)
            }
            end = hunk
        }
    }

    func newPlace(ofOld line: Int) -> Place { Self.place(line, hunks, from: \.old, to: \.new) }

    func oldPlace(ofNew line: Int) -> Place { Self.place(line, hunks, from: \.new, to: \.old) }

    /// What a stretch of old lines has become, with whatever was put in at its ends. An empty stretch is a place
    /// between two lines.
    func newRange(ofOld range: Range<Int>) -> Range<Int> {
        let start = boundary(range.lowerBound, isStart: true)
        return start..<max(start, boundary(range.upperBound, isStart: false))
    }

    /// Whether none of these old lines was changed, and nothing put between them.
    func isUntouched(old lines: ClosedRange<Int>) -> Bool { Self.isUntouched(lines, hunks, \.old) }

    /// Whether these new lines are all as they were, with nothing taken from between them.
    func isUntouched(new lines: ClosedRange<Int>) -> Bool { Self.isUntouched(lines, hunks, \.new) }

    // MARK: Following

    /// Some lines of the new text were replaced by others. They count as different until `trim`.
    mutating func replaceNew(_ range: Range<Int>, with count: Int) {
        // Hunks from `first` on end at or behind the beginning; those before `next` begin at or before the end.
        let first = Self.firstIndex(in: hunks) { $0.new.upperBound >= range.lowerBound }
        let next = max(first, Self.firstIndex(in: hunks) { $0.new.lowerBound > range.upperBound })
        let before = first > 0 ? hunks[first - 1].shift : 0
        var merged = Hunk(
            old: (range.lowerBound - before)..<(range.lowerBound - before),
            new: range.lowerBound..<range.lowerBound)
        if first < next, hunks[first].new.lowerBound <= range.lowerBound { merged = hunks[first] }
        let last = first < next ? hunks[next - 1] : nil
        let after = last?.shift ?? before
        var (oldEnd, newEnd) = (range.upperBound - after, range.upperBound)
        if let last, last.new.upperBound >= range.upperBound {
            (oldEnd, newEnd) = (last.old.upperBound, last.new.upperBound)
        }
        let delta = count - range.count
        merged.old = merged.old.lowerBound..<max(merged.old.lowerBound, oldEnd)
        merged.new = merged.new.lowerBound..<max(merged.new.lowerBound, newEnd + delta)
        if delta != 0 { for index in next..<hunks.count { hunks[index].new.shift(by: delta) } }
        hunks.replaceSubrange(first..<next, with: merged.isEmpty ? [] : [merged])
    }

    /// Takes lines at the ends of hunks that are the same on both sides out of them: an edit that was undone is none.
    /// - Parameter window: lines of the new text; only hunks that touch it are looked at.
    mutating func trim(in window: Range<Int>, areEqual: (_ old: Int, _ new: Int) -> Bool) {
        let first = Self.firstIndex(in: hunks) { $0.new.upperBound >= window.lowerBound }
        var index = first
        while index < hunks.count, hunks[index].new.lowerBound <= window.upperBound {
            var (old, new) = (hunks[index].old, hunks[index].new)
            while !old.isEmpty, !new.isEmpty, areEqual(old.lowerBound, new.lowerBound) {
                (old, new) = (old.dropFirst(), new.dropFirst())
            }
            while !old.isEmpty, !new.isEmpty, areEqual(old.upperBound - 1, new.upperBound - 1) {
                (old, new) = (old.dropLast(), new.dropLast())
            }
            let trimmed = Hunk(old: old, new: new)
            if trimmed.isEmpty {
                hunks.remove(at: index)
            } else {
                hunks[index] = trimmed
                index += 1
            }
        }
    }

    // MARK: Looking up

    private static func place(
        _ line: Int, _ hunks: [Hunk], from: KeyPath<Hunk, Range<Int>>, to: KeyPath<Hunk, Range<Int>>
    ) -> Place {
        let index = firstIndex(in: hunks) { $0[keyPath: from].lowerBound > line } - 1
        guard index >= 0 else { return .line(line) }
        let hunk = hunks[index]
        if hunk[keyPath: from].contains(line) {
            return .gap(hunk[keyPath: to], offset: line - hunk[keyPath: from].lowerBound)
        }
        return .line(line + hunk[keyPath: to].upperBound - hunk[keyPath: from].upperBound)
    }

    private func boundary(_ line: Int, isStart: Bool) -> Int {
        let index = Self.firstIndex(in: hunks) { $0.old.upperBound >= line }
        guard index < hunks.count, hunks[index].old.lowerBound <= line else {
            return line + (index > 0 ? hunks[index - 1].shift : 0)
        }
        let hunk = hunks[index]
        if hunk.old.isEmpty { return isStart ? hunk.new.lowerBound : hunk.new.upperBound }
        // A hunk that only touches the stretch is outside of it.
        if line == hunk.old.upperBound { return hunk.new.upperBound }
        if line == hunk.old.lowerBound { return hunk.new.lowerBound }
        return isStart ? hunk.new.lowerBound : hunk.new.upperBound
    }

    private static func isUntouched(
        _ lines: ClosedRange<Int>, _ hunks: [Hunk], _ side: KeyPath<Hunk, Range<Int>>
    ) -> Bool {
        let index = firstIndex(in: hunks) { $0[keyPath: side].upperBound > lines.lowerBound }
        guard index < hunks.count else { return true }
        return hunks[index][keyPath: side].lowerBound > lines.upperBound
    }

    /// The first of the hunks for which this holds, where it holds for all that follow.
    private static func firstIndex(in hunks: [Hunk], where holds: (Hunk) -> Bool) -> Int {
        var (low, high) = (0, hunks.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(hunks[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension LineDifference.Hunk {
    fileprivate var isEmpty: Bool { old.isEmpty && new.isEmpty }
    /// How far lines behind it are moved.
    fileprivate var shift: Int { new.upperBound - old.upperBound }
}

extension Range<Int> {
    fileprivate mutating func shift(by delta: Int) {
        self = (lowerBound + delta)..<(upperBound + delta)
    }
}
