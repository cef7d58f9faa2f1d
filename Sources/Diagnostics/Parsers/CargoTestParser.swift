import AgentProtocol

/// The text of Rust's test harness, which `cargo test` shows.
///
///     test tests::bad ... FAILED
///     ---- tests::bad stdout ----
///     thread 'tests::bad' panicked at src/lib.rs:5:82:
///     assertion `left == right` failed
///       left: 1
///      right: 2
///     test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.12s
struct CargoTestParser: DiagnosticParser {
    static let name = "cargo-test"
    static let companions: [any DiagnosticParser.Type] = [CargoParser.self, RustParser.self]

    static func recognises(command: [String]) -> Bool {
        RustParser.isRust(command) && command.contains { $0[...].has("test") || $0 == "t" }
    }

    private let isExpected: Bool
    private var block: RustPanic?
    /// Whether the names of failed tests are listed.
    private var isList = false
    private var reported: Set<String> = []

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) {
        close(&collector)
        (isList, reported) = (false, [])
    }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || isList || block != nil || shape.begins(withAnyOf: "-tf")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard takeLine(cursor.line, &collector) else { return false }
        cursor.advance()
        return true
    }

    private mutating func takeLine(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let rest = line.after(prefix: "---- "),
            let name = rest.before(suffix: " stdout ----") ?? rest.before(suffix: " ----")
        {
            close(&collector)
            block = RustPanic(name: String(name))
            return true
        }
        if let result = line.after(prefix: "test result: ") {
            close(&collector)
            isList = false
            takeTotals(result, &collector)
            return true
        }
        if line.equals("failures:") {
            close(&collector)
            isList = true
            return true
        }
        if block != nil { return block?.read(line, &collector) ?? false }
        if let rest = line.after(prefix: "test "), let (name, outcome) = rest.cut(at: " ... ") {
            return takeOutcome(Self.withoutMark(name), outcome, &collector)
        }
        if isList, line.begins("    "), !line.trimmed.has(" ") { return takeListed(line.trimmed, &collector) }
        return isExpected && line.begins("running ") && (line.ends(" tests") || line.ends(" test"))
    }

    private func takeOutcome(_ name: Substring, _ outcome: Substring, _ collector: inout FindingCollector) -> Bool {
        if outcome.begins("ok") || outcome.begins("bench:") {
            collector.test(String(name), .passed)
        } else if outcome.begins("ignored") {
            collector.test(String(name), .skipped)
        } else if outcome.begins("FAILED") {
            collector.test(String(name), .failed)
        } else {
            return false
        }
        return true
    }

    /// `tests::np - should panic` is called `tests::np`; so is a documentation test's `(line 3) - compile`.
    private static func withoutMark(_ name: Substring) -> Substring {
        for mark in [" - should panic", " - compile fail", " - compile"] {
            if let bare = name.before(suffix: mark) { return bare }
        }
        return name
    }

    /// A failed test whose own output said nothing.
    private mutating func takeListed(_ name: Substring, _ collector: inout FindingCollector) -> Bool {
        guard !reported.contains(String(name)) else { return true }
        reported.insert(String(name))
        collector.add(
            Finding(
                tool: "cargo test", severity: .error, message: "\(name): failed", place: nil,
                test: Finding.Test(name: String(name))))
        collector.endFinding()
        return true
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let block else { return }
        self.block = nil
        guard let finding = block.finding else { return }
        reported.insert(block.name)
        collector.add(finding)
        collector.endFinding()
    }

    private func takeTotals(_ text: Substring, _ collector: inout FindingCollector) {
        func number(_ word: String) -> Int {
            guard let (before, _) = text.cut(at: " " + word) else { return 0 }
            let digits = before.utf8.reversed().prefix { $0.isDigit }
            return Substring(String(decoding: digits.reversed(), as: UTF8.self)).smallNumber ?? 0
        }
        collector.testTotals(passed: number("passed"), failed: number("failed"), skipped: number("ignored"))
    }
}

/// What a failed test wrote: where it panicked, and why.
private struct RustPanic {
    let name: String
    private var place: Finding.Place?
    private var message: [String] = []
    private var expected: String?
    private var actual: String?
    private var stack: [Finding.Related] = []
    private var part = Part.printed
    /// The function of the frame whose place comes in the next line.
    private var frame: Substring?

    private enum Part { case printed, message, backtrace }

    private static let mostMessageLines = 40

    init(name: String) { self.name = name }

    /// - Returns: false for what the test printed itself, which is for the model to read.
    mutating func read(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let (_, at) = line.cut(at: " panicked at "), line.begins("thread '") {
            // Another thread's panic explains the first.
            guard message.isEmpty else { return true }
            part = .message
            readPlace(at, &collector)
            return true
        }
        if line.begins("note: test did not panic as expected"), message.isEmpty {
            message = ["test did not panic as expected"]
            if let (_, at) = line.cut(at: " at "), let located = LocatedLine(at + ":") {
                place = collector.place(located, unit: .scalars)
            }
            return true
        }
        switch part {
        case .printed: return line.begins("Error: ") && readError(line)
        case .message: readMessage(line)
        case .backtrace: readFrame(line, &collector)
        }
        return true
    }

    /// A test that returns an error.
    private mutating func readError(_ line: Substring) -> Bool {
        if message.isEmpty { message = [String(line)] }
        return true
    }

    /// `src/lib.rs:5:82:`, before Rust 1.73 `'message', src/lib.rs:5:82`.
    private mutating func readPlace(_ text: Substring, _ collector: inout FindingCollector) {
        if text.begins("'"), let quote = text.utf8.lastIndex(of: UInt8(ascii: "'")), quote > text.startIndex {
            message = [String(Substring(text.utf8[..<quote]).droppingBytes(1))]
            let rest = Substring(text.utf8[quote...]).droppingBytes(1)
            if let located = LocatedLine((rest.after(prefix: ", ") ?? rest) + ":") {
                place = collector.place(located, unit: .scalars)
            }
        } else if let located = LocatedLine(text.ends(":") ? text : text + ":") {
            place = collector.place(located, unit: .scalars)
        }
    }

    private mutating func readMessage(_ line: Substring) {
        if line.equals("stack backtrace:") {
            part = .backtrace
        } else if let value = line.trimmed.after(prefix: "left: ") {
            actual = String(value)
        } else if let value = line.trimmed.after(prefix: "right: ") {
            expected = String(value)
        } else if !line.begins("note: "), message.count < Self.mostMessageLines {
            message.append(String(line))
        }
    }

    private mutating func readFrame(_ line: Substring, _ collector: inout FindingCollector) {
        let text = line.trimmed
        if let at = text.after(prefix: "at "), let function = frame {
            frame = nil
            guard stack.count < DiagnosticLimits.frames, let located = LocatedLine(at + ":"),
                let place = collector.place(located, unit: .scalars), place.file.inside != nil
            else { return }
            stack.append(Finding.Related(place: place, message: String(function)))
        } else if let (number, function) = text.cut(at: ": "), number.smallNumber != nil {
            frame = function
        }
    }

    /// nil when nothing was understood.
    var finding: Finding? {
        var lines = message
        while lines.last?[...].isBlank == true { lines.removeLast() }
        guard !lines.isEmpty || place != nil else { return nil }
        var words = lines.joined(separator: "\n")
        if let actual, let expected { words += "\nleft: \(actual)\nright: \(expected)" }
        return Finding(
            tool: "cargo test", severity: .error, message: "\(name): \(words.isEmpty ? "panicked" : words)",
            place: place, test: Finding.Test(name: name, expected: expected, actual: actual, stack: stack))
    }
}
