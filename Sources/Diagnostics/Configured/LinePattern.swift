/// A regular expression for one line, matched in time linear in the line: for patterns that a repository's
/// configuration brings, which may be written to take for ever.
///
/// Swift's own `Regex` backtracks, so that `(a*)*b` takes exponential time whatever the line's length is limited to.
/// This matcher backtracks too, for the same choice of the first match as JavaScript's, but notes every pair of
/// instruction and place that failed and never tries it again: at most instructions × scalars steps. What cannot be
/// matched so (backreferences, looking around) is refused when the pattern is read.
struct LinePattern: Sendable {
    /// What is wrong with a pattern.
    enum Fault: Error, Equatable {
        case unsupported(String)
        case malformed(String)
        case tooLarge
    }

    enum Instruction: Sendable {
        case any
        case scalar(UInt32)
        case set(ScalarSet)
        case split(Int, Int)
        case jump(Int)
        case save(Int)
        case lineStart
        case lineEnd
        case wordBoundary(Bool)
        case match
    }

    /// Scalars of a pattern, and instructions it may become: counted repetition multiplies.
    static let longest = 1024
    static let mostInstructions = 2000
    static let mostGroups = 32

    let program: [Instruction]
    let groups: Int
    private let required: ASCIIMask
    private let isAnchored: Bool

    /// - Parameter text: JavaScript's syntax (ECMA-262 section 22.2.1) without backreferences and looking around.
    init(_ text: String, ignoresCase: Bool = false) throws(Fault) {
        var parser = try LinePatternParser(text, ignoresCase: ignoresCase)
        let node = try parser.pattern()
        var compiler = LinePatternCompiler()
        try compiler.emit(.group(0, node))
        program = compiler.program + [.match]
        groups = parser.groups + 1
        required = node.required
        isAnchored = node.isAnchored
    }

    /// The first match: the range of each group in the line's scalars, that of the whole first; nil for none.
    func match(_ line: PatternLine, _ scratch: inout PatternScratch) -> [Range<Int>?]? {
        guard required.isSubset(of: line.mask), scratch.budget > 0 else { return nil }
        scratch.begin(instructions: program.count, places: line.scalars.count + 1, slots: groups * 2)
        for start in 0...(isAnchored ? 0 : line.scalars.count) {
            guard run(from: start, line.scalars, &scratch) else { continue }
            return (0..<groups).map { group in
                let (from, to) = (scratch.slots[group * 2], scratch.slots[group * 2 + 1])
                return from >= 0 && to >= from ? from..<to : nil
            }
        }
        return nil
    }

    private func run(from start: Int, _ line: [UInt32], _ scratch: inout PatternScratch) -> Bool {
        scratch.jobs.append(.run(0, start))
        while let job = scratch.jobs.popLast() {
            switch job {
            case .restore(let slot, let value): scratch.slots[slot] = value
            case .run(let instruction, let place):
                if follow(instruction, place, line, &scratch) {
                    scratch.jobs.removeAll(keepingCapacity: true)
                    return true
                }
            }
        }
        return false
    }

    private func follow(_ first: Int, _ start: Int, _ line: [UInt32], _ scratch: inout PatternScratch) -> Bool {
        var (next, place) = (first, start)
        while scratch.visit(next, place) {
            switch program[next] {
            case .match: return true
            case .any:
                guard place < line.count else { return false }
                place += 1
            case .scalar(let wanted):
                guard place < line.count, line[place] == wanted else { return false }
                place += 1
            case .set(let set):
                guard place < line.count, set.contains(line[place]) else { return false }
                place += 1
            case .split(let one, let other):
                scratch.jobs.append(.run(other, place))
                next = one
                continue
            case .jump(let target):
                next = target
                continue
            case .save(let slot):
                scratch.jobs.append(.restore(slot, scratch.slots[slot]))
                scratch.slots[slot] = place
            case .lineStart: guard place == 0 else { return false }
            case .lineEnd: guard place == line.count else { return false }
            case .wordBoundary(let wanted):
                let before = place > 0 && ScalarSet.word.contains(line[place - 1])
                let after = place < line.count && ScalarSet.word.contains(line[place])
                guard (before != after) == wanted else { return false }
            }
            next += 1
        }
        return false
    }
}

/// A line made ready for several patterns.
struct PatternLine {
    /// A line is looked at so far; Vim's limit is of that order, too.
    static let longest = 4096

    let scalars: [UInt32]
    let mask: ASCIIMask

    init(_ line: Substring) {
        var scalars: [UInt32] = []
        scalars.reserveCapacity(min(line.utf8.count, Self.longest))
        var mask = ASCIIMask()
        for scalar in line.unicodeScalars.prefix(Self.longest) {
            scalars.append(scalar.value)
            mask.insert(scalar.value)
        }
        self.scalars = scalars
        self.mask = mask
    }

    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        for value in scalars[range] { if let scalar = Unicode.Scalar(value) { text.append(scalar) } }
        return String(text)
    }
}

/// What a match needs while it is looked for, kept from line to line.
struct PatternScratch: Sendable {
    enum Job: Sendable {
        case run(Int, Int)
        case restore(Int, Int)
    }

    /// Steps of all matches of one output together: seconds. After that the patterns match nothing more.
    static let mostSteps = 200_000_000

    var budget = mostSteps
    var jobs: [Job] = []
    var slots: [Int] = []
    private var visited: [UInt64] = []
    private var places = 0

    mutating func begin(instructions: Int, places: Int, slots count: Int) {
        let words = (instructions * places + 63) / 64
        if visited.count < words { visited = [UInt64](repeating: 0, count: words) }
        for index in 0..<words { visited[index] = 0 }
        self.places = places
        budget -= words
        slots = [Int](repeating: -1, count: count)
        jobs.removeAll(keepingCapacity: true)
    }

    /// False when the pair was tried before.
    mutating func visit(_ instruction: Int, _ place: Int) -> Bool {
        let bit = instruction * places + place
        guard budget > 0, visited[bit >> 6] & (1 << UInt64(bit & 63)) == 0 else { return false }
        budget -= 1
        visited[bit >> 6] |= 1 << UInt64(bit & 63)
        return true
    }
}
