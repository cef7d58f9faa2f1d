import AgentProtocol

/// Python's own `unittest`, and Django's runner, which prints the same:
///
///     FAIL: test_equal (test_calc.SumTest.test_equal)
///     ----------------------------------------------------------------------
///     Traceback (most recent call last):
///       File "/src/test_calc.py", line 8, in test_equal
///     AssertionError: -1 != 3
struct UnittestParser: DiagnosticParser {
    static let name = "unittest"
    static let companions: [any DiagnosticParser.Type] = [PythonParser.self]

    static func recognises(command: [String]) -> Bool {
        // A script may run its own tests, whose tracebacks are not to be taken for its end.
        CommandWords.programs(of: command).contains { $0 == "unittest" || $0.hasPrefix("python") }
            || command.contains { $0.hasSuffix("manage.py") || $0[...].has("manage.py test") }
    }

    private let isExpected: Bool
    private var failure: UnittestFailure?
    /// Whether the last line was one of `=`, which begins a failure.
    private var isRule = false
    /// The test whose first line of documentation comes before its verdict.
    private var named: String?
    /// Tests that were run, when the line that says so has come.
    private var ran: Int?
    /// Tests that failed, each once, whatever the number of its parts that did; and classes that could not be set up.
    private var failed: Set<String> = []
    private var failedFixtures: Set<String> = []

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) {
        close(&collector)
        (isRule, named, ran, failed, failedFixtures) = (false, nil, nil, [], [])
    }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || isRule || failure != nil || ran != nil || shape.begins(withAnyOf: "=-R")
            || shape.has("(") && shape.has(".")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        let wasRule = isRule
        isRule = false
        guard
            takeRule(line, cursor, &collector) || wasRule && takeHeading(line, &collector)
                || takeInFailure(line, &collector) || takeVerdict(line, &collector) || takeTotals(line, &collector)
        else { return false }
        cursor.advance()
        return true
    }

    private static let ruleLength = 70

    private static func isRule(_ line: Substring, of byte: UInt8) -> Bool {
        line.utf8.first == byte && line.utf8.count == ruleLength && line.utf8.allSatisfy { $0 == byte }
    }

    private mutating func takeRule(
        _ line: Substring, _ cursor: OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        if Self.isRule(line, of: UInt8(ascii: "=")) {
            close(&collector)
            // Other tools draw such lines too.
            isRule = cursor.peek().map { Self.heading($0) != nil } ?? false
            return isRule
        }
        guard Self.isRule(line, of: UInt8(ascii: "-")) else { return false }
        if let next = cursor.peek(), Self.count(next) != nil {
            close(&collector)
            return true
        }
        guard failure?.isOpen == true else { return false }
        failure?.begin()
        return true
    }

    /// `FAIL: test_parts (test_calc.SumTest.test_parts) (value=0)`.
    private static func heading(_ line: Substring) -> (kind: String, name: String)? {
        for kind in ["FAIL", "ERROR", "UNEXPECTED SUCCESS"] {
            guard let rest = line.after(prefix: kind + ": "), let name = name(rest) else { continue }
            return (kind, name)
        }
        return nil
    }

    /// `test_equal (test_calc.SumTest.test_equal)`, before Python 3.11 without the test's name in the brackets, as
    /// unittest takes it back: `test_calc.SumTest.test_equal`.
    private static func name(_ text: Substring) -> String? {
        guard let (test, rest) = text.cut(at: " ("), let (path, tail) = rest.cut(at: ")"), !test.has(" "),
            !path.has(" "), !path.isEmpty
        else { return nil }
        if path.begins("unittest.loader.") { return String(test) }
        let isWhole = path.equals(String(test)) || path.ends("." + test) || test.ends("Class") || test.ends("Module")
        return (isWhole ? String(path) : "\(path).\(test)") + tail
    }

    /// `ERROR: setUpClass (test_calc.Broken)`.
    private static func isFixture(_ heading: Substring) -> Bool {
        ["setUpClass (", "tearDownClass (", "setUpModule (", "tearDownModule ("].contains {
            heading.begins("ERROR: " + $0)
        }
    }

    private mutating func takeHeading(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let (kind, name) = Self.heading(line) else { return false }
        let test = name[...].cut(at: " ").map { String($0.before) } ?? name
        if failed.count < DiagnosticLimits.tests { failed.insert(test) }
        if Self.isFixture(line), failedFixtures.count < DiagnosticLimits.tests { failedFixtures.insert(test) }
        failure = UnittestFailure(name: name, kind: kind)
        return true
    }

    private mutating func takeInFailure(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard failure != nil else { return false }
        guard failure?.isFull == false else {
            close(&collector)
            return false
        }
        if failure?.isOpen == true { return true }
        // What was printed comes behind the exception, after an empty line, with `-b`.
        if line.equals("Stdout:") || line.equals("Stderr:") {
            close(&collector)
            return false
        }
        failure?.read(line, &collector)
        return true
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let failure else { return }
        self.failure = nil
        collector.add(failure.finding(&collector))
        collector.endFinding()
    }

    // MARK: Verdicts

    /// `test_equal (test_calc.SumTest.test_equal) ... FAIL`, with `-v`; a test's documentation, on a line of its own,
    /// comes between.
    private mutating func takeVerdict(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let (head, word) = line.cut(at: " ... ") else {
            guard isExpected, line.ends(")"), line.begins("test"), let name = Self.name(line) else { return false }
            named = name
            return true
        }
        let outcome: TestResults.Outcome
        switch String(word.trimmed) {
        case "ok": outcome = .passed
        case "FAIL", "ERROR", "unexpected success": outcome = .failed
        case "expected failure": outcome = .skipped
        case "": return Self.name(head.trimmed) != nil
        case let other where other.hasPrefix("skipped"): outcome = .skipped
        default: return false
        }
        guard let name = Self.name(head.trimmed) ?? named else { return false }
        named = nil
        collector.test(name, outcome)
        return true
    }

    /// `Ran 18 tests in 0.002s`.
    private static func count(_ line: Substring) -> Int? {
        guard let rest = line.after(prefix: "Ran "), let (digits, tail) = rest.cut(at: " "),
            tail.begins("tests in ") || tail.begins("test in ")
        else { return nil }
        return digits.smallNumber
    }

    private mutating func takeTotals(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let count = Self.count(line) {
            close(&collector)
            ran = count
            return true
        }
        if isExpected, line.utf8.allSatisfy({ ".FEsxu".utf8.contains($0) }) { return true }
        guard let ran,
            line.equals("OK") || line.begins("OK (") || line.begins("FAILED (") || line.begins("NO TESTS RAN")
        else { return false }
        self.ran = nil
        func number(_ label: String) -> Int {
            guard let (_, rest) = line.cut(at: label) else { return 0 }
            return Substring(rest.utf8.prefix { $0.isDigit }).smallNumber ?? 0
        }
        let skipped = number("skipped=") + number("expected failures=")
        collector.testTotals(
            passed: max(0, ran - failed.count + failedFixtures.count - skipped), failed: failed.count, skipped: skipped)
        (failed, failedFixtures) = ([], [])
        return true
    }
}

/// One failure, from its heading on.
private struct UnittestFailure {
    let name: String
    let kind: String
    /// Whether the rule under the heading is still to come.
    private(set) var isOpen = true
    private var frames = PythonFrames()
    private var lines: [Substring] = []
    private var message: [Substring] = []

    private static let mostLines = 400
    private static let mostMessageLines = 40

    init(name: String, kind: String) {
        self.name = name
        self.kind = kind
    }

    /// Whether so much follows that it is hardly the failure's.
    var isFull: Bool { lines.count >= Self.mostLines }

    mutating func begin() { isOpen = false }

    mutating func read(_ line: Substring, _ collector: inout FindingCollector) {
        lines.append(line)
        if let frame = PythonFrames.nativeFrame(line) {
            frames.add(frame, &collector)
            message = []
        } else if !message.isEmpty || line.indentation == 0 && PythonParser.isException(line) {
            if message.count < Self.mostMessageLines { message.append(line) }
        }
    }

    func finding(_ collector: inout FindingCollector) -> Finding {
        var text = message
        while text.last?.isBlank == true { text.removeLast() }
        // An import that failed tells the error that stopped it last.
        if let error = text.last.flatMap({ PythonSyntaxError.isName($0) ? PythonSyntaxError(lines, &collector) : nil })
        {
            return Finding(
                tool: "unittest", severity: .error, message: error.message, place: error.place,
                related: frames.own(note: "imported here").filter { $0.place?.file != error.place.file })
        }
        let (place, related) = frames.placeAndRelated
        let words = text.isEmpty ? kind.lowercased() : text.joined(separator: "\n")
        let values = PythonAssertion(text)
        return Finding(
            tool: "unittest", severity: .error, message: "\(name): \(words)", place: place, related: related,
            test: Finding.Test(
                name: name, expected: values?.expected, actual: values?.actual, stack: frames.stack))
    }
}
