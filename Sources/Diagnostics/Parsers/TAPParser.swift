import AgentProtocol

/// The Test Anything Protocol, versions 12 to 14: plans, results, directives, YAML blocks, subtests.
struct TAPParser: DiagnosticParser {
    static let name = "tap"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { ["prove", "bats", "tap", "tape"].contains($0) }
            || command.contains { $0.utf8.count < 4096 && ($0 == "--tap" || $0.hasSuffix("reporter=tap")) }
    }

    private struct Failure {
        var name: String
        var comments: [Substring] = []
        var block: [Substring] = []
        var level: Int
    }

    private let isExpected: Bool
    /// Whether a version or a plan was seen, without which `ok` is just a word.
    private var isOpen = false
    private var failure: Failure?
    /// Whether the lines are of a YAML block, whose failure may be nil when its test passed.
    private var blockLevel: Int?
    /// The names of the subtests that are under way, by level.
    private var subtests: [Substring] = []
    /// The deepest level with a result since there was one above it.
    private var deepest = 0

    private static let mostLines = 200
    private static let mostLevels = 16

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    func mightTake(_ shape: LineShape) -> Bool {
        isOpen || isExpected || blockLevel != nil || failure != nil || shape.starts(withAnyOf: "T1on")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard takeLine(cursor.line, &collector) else {
            close(&collector)
            return false
        }
        cursor.advance()
        return true
    }

    mutating func finish(into collector: inout FindingCollector) {
        close(&collector)
        (isOpen, blockLevel, subtests, deepest) = (false, nil, [], 0)
    }

    private mutating func takeLine(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        let text = line.trimmed
        let level = line.indentation
        if let blockLevel {
            if text.equals("..."), level <= blockLevel {
                self.blockLevel = nil
                close(&collector)
            } else if level < blockLevel, !text.isEmpty {
                self.blockLevel = nil
                return takeLine(line, &collector)
            } else if (failure?.block.count ?? 0) < Self.mostLines {
                failure?.block.append(line.droppingBytes(min(blockLevel, level)))
            }
            return true
        }
        if isOpen, text.equals("---"), level > 0 {
            blockLevel = level
            return true
        }
        if text.begins("TAP version ") || Self.isPlan(text) && (isOpen || level == 0) {
            isOpen = true
            close(&collector)
            return true
        }
        guard isOpen || isExpected || text.begins("not ok ") || text.begins("ok ") else { return false }
        if takeResult(text, level, &collector) { return true }
        guard isOpen else { return false }
        if let reason = text.after(prefix: "Bail out!") {
            close(&collector)
            let reason = reason.trimmed
            collector.add(
                Finding(
                    tool: Self.name, severity: .error,
                    message: reason.isEmpty ? "the run was given up" : "the run was given up: \(reason)", place: nil))
            return true
        }
        return takeComment(text, level)
    }

    /// `1..4`, `1..0 # SKIP nothing to do`.
    private static func isPlan(_ text: Substring) -> Bool {
        guard let rest = text.after(prefix: "1..") else { return false }
        let digits = rest.utf8.prefix { $0.isDigit }
        let tail = rest[digits.endIndex...]
        return !digits.isEmpty && (tail.isBlank || tail.trimmed.begins("#"))
    }

    private mutating func takeComment(_ text: Substring, _ level: Int) -> Bool {
        guard let comment = text.after(prefix: "#") else { return false }
        if let name = comment.trimmed.after(prefix: "Subtest: ") {
            let depth = min(level / 4, Self.mostLevels)
            subtests = Array(subtests.prefix(depth))
            while subtests.count < depth { subtests.append("") }
            subtests.append(name)
        } else if (failure?.comments.count ?? 0) < Self.mostLines {
            failure?.comments.append(comment.trimmed)
        }
        return true
    }

    /// `ok 1 - name`, `not ok 2 - name # TODO later`, `ok 3 # SKIP no network`.
    private mutating func takeResult(
        _ text: Substring, _ level: Int, _ collector: inout FindingCollector
    ) -> Bool {
        let isFailure = text.begins("not ok")
        guard var rest = text.after(prefix: isFailure ? "not ok" : "ok"), rest.isEmpty || rest.begins(" ") else {
            return false
        }
        rest = rest.trimmed
        let digits = Substring(rest.utf8.prefix { $0.isDigit })
        guard !digits.isEmpty || isOpen else { return false }
        rest = rest.droppingBytes(digits.utf8.count).trimmed
        // Outside of a stream that says what it is, only the full form counts.
        guard isOpen || isExpected || rest.begins("- ") else { return false }
        close(&collector)
        isOpen = true
        var (name, directive) = Self.directive(rest.after(prefix: "- ") ?? rest)
        // Version 14 opens a subtest's own lines behind its result.
        name = (name.before(suffix: "{") ?? name).trimmed
        let depth = min(level / 4, Self.mostLevels)
        let hasSubtests = deepest > depth
        deepest = depth
        let path = subtests.prefix(depth).filter { !$0.isEmpty } + [name.isEmpty ? digits : name]
        subtests = Array(subtests.prefix(depth))
        let full = path.map { String($0) }.joined(separator: " > ")
        switch directive.lowercased() {
        case "skip": collector.test(full, .skipped)
        // What is still to do may fail.
        case "todo": collector.test(full, isFailure ? .skipped : .passed)
        default:
            // A test of which a subtest failed says nothing new.
            if hasSubtests, isFailure { return true }
            collector.test(full, isFailure ? .failed : .passed)
            if isFailure { failure = Failure(name: full, level: level) }
        }
        return true
    }

    /// The name, and `SKIP` or `TODO` behind its mark.
    private static func directive(_ text: Substring) -> (Substring, String) {
        guard let (name, tail) = text.cut(at: " #") ?? text.after(prefix: "#").map({ ("", $0) }) else {
            return (text.trimmed, "")
        }
        let word = Substring(tail.trimmed.utf8.prefix { $0.isLetter })
        // `# time=12ms` of some writers is no directive.
        return (name.trimmed, String(word))
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let failure else { return }
        self.failure = nil
        let block = TAPBlock(failure.block)
        let comments = TAPBlock(comments: failure.comments)
        let lines = (block.stack.isEmpty ? failure.block : block.stack) + failure.comments
        let stack = StackFrames(lines, &collector)
        // Where the test failed, rather than where it begins.
        var place = block.stack.isEmpty ? nil : stack.place(&collector)
        if place == nil { place = Self.place(block, &collector) ?? Self.place(comments, &collector) }
        if place == nil { place = stack.place(&collector) }
        let message =
            block.message ?? comments.message ?? failure.comments.prefix(8).joined(separator: "\n")
        let values = AssertionText(message[...])
        collector.add(
            Finding(
                tool: Self.name, severity: .error,
                message: "\(failure.name): \(message.isEmpty ? "failed" : message)", place: place,
                test: Finding.Test(
                    name: failure.name, expected: block.expected ?? comments.expected ?? values?.expected,
                    actual: block.actual ?? comments.actual ?? values?.actual, stack: stack.frames)))
        collector.endFinding()
    }

    private static func place(_ block: TAPBlock, _ collector: inout FindingCollector) -> Finding.Place? {
        if let location = block.location, let located = LocatedLine(location + ":") {
            return collector.place(located, unit: .utf16)
        }
        guard let file = block.file else { return nil }
        return collector.place(file, line: block.line ?? 0, column: block.column)
    }
}
