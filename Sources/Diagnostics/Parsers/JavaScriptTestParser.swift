import AgentProtocol

/// Test runners of JavaScript: the `spec` reports of `node --test` and mocha, jest's and vitest's own.
///
///     ✖ adds two numbers (50.25ms)              1) Calc add: adds two numbers:
///       AssertionError [ERR_ASSERTION]: …         AssertionError: …
struct JavaScriptTestParser: DiagnosticParser {
    static let name = "js-test"
    static let companions: [any DiagnosticParser.Type] = [
        JUnitParser.self, TAPParser.self, TypeScriptParser.self,
    ]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains {
            ["node", "mocha", "jest", "vitest", "npm", "yarn", "pnpm", "react-scripts"].contains($0)
        }
    }

    private let isExpected: Bool
    private var failure: JavaScriptFailure?
    private var node = NodeSpec()
    private var jest = JestFile()
    private var mocha = MochaTotals()

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) {
        close(&collector)
        mocha.finish(&collector)
        node = NodeSpec()
        jest = JestFile()
    }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || failure != nil || mocha.isInHeading || shape.first >= 0x80 || shape.isIndented
            || shape.first.isDigit
            || shape.begins(withAnyOf: "FPTt")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard read(cursor.line, &collector) else { return false }
        cursor.advance()
        return true
    }

    private mutating func read(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let opened = opening(line, &collector) {
            close(&collector)
            failure = opened
            return true
        }
        if mocha.isInHeading {
            close(&collector)
            return true
        }
        if mocha.read(line, &collector) || node.readTotals(line, &collector) || jest.read(line, &collector) {
            close(&collector)
            return true
        }
        if failure?.take(line) == true { return true }
        close(&collector)
        return node.readVerdict(line, &collector, isExpected: isExpected) || isExpected && isRemark(line)
    }

    /// The heading of a failure; nil when the line is none.
    private mutating func opening(
        _ line: Substring, _ collector: inout FindingCollector
    ) -> JavaScriptFailure? {
        if let found = node.opening(line) { return found }
        if let found = mocha.opening(line) { return found }
        // jest: `  ● Calc › add › adds two numbers`.
        if let name = line.after(prefix: "  ● "), !name.begins("Console"), jest.file != nil {
            return JavaScriptFailure(tool: "jest", name: String(name.trimmed), file: jest.file)
        }
        // vitest: ` FAIL  src/a.test.ts > Calc > adds two numbers`.
        if let rest = line.after(prefix: " FAIL  "), let (file, name) = rest.cut(at: " > "),
            LocatedLine(file + ":1: ")?.fileExtension.isEmpty == false
        {
            let words = name.before(suffix: "]")?.cut(at: " [ ")?.before ?? name
            return JavaScriptFailure(tool: "vitest", name: String(words.trimmed), file: file.trimmed)
        }
        return nil
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let failure else { return }
        self.failure = nil
        guard let finding = failure.finding(&collector) else { return }
        collector.add(finding)
        collector.endFinding()
    }

    /// `✓ passes`, `✕ fails`, and what the runners print about their own work.
    private func isRemark(_ line: Substring) -> Bool {
        let text = line.trimmed
        if ["✓ ", "✔ ", "√ ", "✕ ", "○ ", "✎ "].contains(where: { text.begins($0) }) { return true }
        return ["Snapshots:", "Time: ", "Ran all test suites", "   Duration ", "   Start at "].contains {
            line.begins($0)
        }
    }
}

/// A failed test: its heading and what was printed below it.
struct JavaScriptFailure {
    let tool: String
    var name: String
    /// The file of the test, where the heading or a line before it names one.
    var file: Substring?
    /// The place of the test, which is worth less than that of the assertion.
    var declared: Substring?
    private var message: [Substring] = []
    private var stack: [Substring] = []
    /// The properties of the error that Node.js prints behind the stack.
    private var properties: [Substring] = []

    private static let mostLines = 120

    init(tool: String, name: String, file: Substring? = nil, declared: Substring? = nil) {
        self.tool = tool
        self.name = name
        self.file = file
        self.declared = declared
    }

    /// Takes a line below the heading: they are indented, or quote code. False for any other.
    mutating func take(_ line: Substring) -> Bool {
        let text = line.trimmed
        let isOwn = line.indentation > 0 || tool == "mocha" && stack.isEmpty || tool == "vitest" && Self.isVitest(text)
        guard isOwn, message.count + stack.count + properties.count < Self.mostLines
        else { return false }
        if text.begins("at ") || text.begins("❯ ") {
            stack.append(text.after(prefix: "❯ ") ?? text)
        } else if stack.isEmpty {
            message.append(line)
        } else {
            properties.append(text)
        }
        return true
    }

    /// vitest does not indent.
    private static func isVitest(_ text: Substring) -> Bool {
        text.begins("- ") || text.begins("+ ") || text.begins("❯ ") || text.begins("⎯")
            || PythonParser.isException(text) && text.has("Error: ")
    }

    func finding(_ collector: inout FindingCollector) -> Finding? {
        guard !message.isEmpty || !stack.isEmpty || !properties.isEmpty else { return nil }
        if let error = syntaxError(&collector) { return error }
        let frames = StackFrames(stack, &collector)
        var place = frames.place(&collector)
        if place == nil, let declared, let located = LocatedLine(declared + ":") { place = collector.place(located) }
        if place == nil, let file { place = collector.place(file, line: 0) }
        let text = words
        let values = values(text)
        return Finding(
            tool: tool, severity: .error, message: "\(name): \(text.isEmpty ? "failed" : text)", place: place,
            test: Finding.Test(
                name: name, expected: values?.expected, actual: values?.actual, stack: frames.frames))
    }

    /// A file that could not be parsed, told by jest as a test's: `SyntaxError: /src/a.js: Unexpected token (1:10)`.
    private func syntaxError(_ collector: inout FindingCollector) -> Finding? {
        guard name == "Test suite failed to run" else { return nil }
        for line in message {
            guard let text = line.trimmed.after(prefix: "SyntaxError: "), let (file, rest) = text.cut(at: ": "),
                let inner = rest.before(suffix: ")"), let open = inner.utf8.lastIndex(of: UInt8(ascii: "(")),
                let (row, column) = inner[inner.utf8.index(after: open)...].cut(at: ":"), let line = row.smallNumber,
                let place = collector.place(file, line: line, column: column.smallNumber.map { $0 + 1 }, unit: .utf16)
            else { continue }
            return Finding(
                tool: tool, severity: .error, message: "SyntaxError: \(inner[..<open].trimmed)", place: place)
        }
        return nil
    }

    /// The message without its indentation, without the code that jest quotes.
    private var words: String {
        let lines = message.filter { SourceSnippet.gutter($0.trimmed) == nil && !Self.isQuotedCode($0.trimmed) }
        let margin = lines.map(\.indentation).min() ?? 0
        return lines.map { String($0.droppingBytes(min(margin, $0.indentation))) }.joined(separator: "\n")
    }

    /// `> 4 |  it('adds')`, `      |     ^`.
    private static func isQuotedCode(_ text: Substring) -> Bool {
        let code = text.after(prefix: "> ") ?? text
        guard let bar = code.utf8.firstIndex(of: UInt8(ascii: "|")) else { return false }
        return code[..<bar].utf8.allSatisfy { $0.isDigit || $0 == 0x20 }
    }

    /// Node.js tells both as properties: `actual: -1,` and `expected: 3,`.
    private func values(_ text: String) -> (expected: String, actual: String)? {
        func property(_ name: String) -> String? {
            let found = properties.lazy.compactMap { $0.after(prefix: name + ": ") }.first
            // Of a value over several lines the first one says nothing.
            guard let found, !found.ends("{"), !found.ends("[") else { return nil }
            return String(found.before(suffix: ",") ?? found)
        }
        if let expected = property("expected"), let actual = property("actual") { return (expected, actual) }
        return AssertionText(text[...]).map { ($0.expected, $0.actual) } ?? labelled ?? difference
    }

    /// jest's `Expected length: 3` and `Received length: 2`.
    private var labelled: (expected: String, actual: String)? {
        func value(_ label: String) -> String? {
            let line = message.lazy.map(\.trimmed).first { $0.begins(label) && $0.has(": ") }
            return (line?.cut(at: ": ")?.after).map { String($0.trimmed) }
        }
        guard let expected = value("Expected "), let actual = value("Received ") else { return nil }
        return (expected, actual)
    }

    /// The lines in which both differ: `-1` and `+3` below mocha's `+ expected - actual`, and the other way round below
    /// jest's `- Expected  - 1` and `+ Received  + 1`.
    private var difference: (expected: String, actual: String)? {
        let lines = message.map(\.trimmed)
        let start = lines.firstIndex { $0.equals("+ expected - actual") || $0.begins("- Expected") }
        guard let start else { return nil }
        let isJest = lines[start].begins("- Expected")
        func marked(_ mark: String) -> String {
            lines[start...].dropFirst(isJest ? 2 : 1).compactMap { $0.after(prefix: mark) }
                .map { String($0.trimmed) }.joined(separator: "\n")
        }
        let (expected, actual) = isJest ? (marked("-"), marked("+")) : (marked("+"), marked("-"))
        return expected.isEmpty || actual.isEmpty ? nil : (expected, actual)
    }
}
