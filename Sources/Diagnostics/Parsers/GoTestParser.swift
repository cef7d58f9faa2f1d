import AgentProtocol
import JSON

/// `go test`, its text (with and without `-v`) and the events of `-json`, which hold the same text in pieces.
///
///     --- FAIL: TestBad (0.00s)
///         a_test.go:4: want 1
///     FAIL	example.com/pkg	0.019s
struct GoTestParser: DiagnosticParser {
    static let name = "go-test"
    static let companions: [any DiagnosticParser.Type] = [GoParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "go" || $0 == "gotestsum" || $0 == "test2json" }
            && command.contains { $0[...].has("test") }
    }

    private let isExpected: Bool
    private var text: GoTestText
    /// With `-json` packages are tested at the same time: one for each.
    private var texts: [String: GoTestText] = [:]
    /// Beginnings of lines by package and test, as `-json` may cut them.
    private var open: [Source: String] = [:]

    private struct Source: Hashable {
        var package: String
        var test: String
    }

    private static let mostOpen = 64
    private static let mostPackages = 1024

    init(_ setting: ParserSetting) {
        isExpected = setting.isExpected
        text = GoTestText(isExpected: setting.isExpected)
    }

    mutating func finish(into collector: inout FindingCollector) {
        for (source, rest) in open.sorted(by: { ($0.key.package, $0.key.test) < ($1.key.package, $1.key.test) }) {
            read(rest[...], source, &collector)
        }
        open = [:]
        for package in texts.keys.sorted() { texts[package]?.finish(&collector) }
        texts = [:]
        text.finish(&collector)
        text = GoTestText(isExpected: isExpected)
    }

    func mightTake(_ shape: LineShape) -> Bool {
        text.isOpen || shape.first == UInt8(ascii: "{") || shape.starts(withAnyOf: "-=pFoPce?")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if line.begins("{") {
            let value = cursor.takeJSON { $0["Action"]?.stringValue != nil && $0["Package"] != nil }
            guard let value else { return false }
            takeEvent(value, &collector)
            return true
        }
        guard text.read(line, test: nil, &collector) else { return false }
        cursor.advance()
        return true
    }

    private mutating func takeEvent(_ event: JSON, _ collector: inout FindingCollector) {
        guard event["Action"]?.stringValue == "output", let output = event["Output"]?.stringValue else { return }
        let source = Source(
            package: event["Package"]?.stringValue ?? "", test: event["Test"]?.stringValue ?? "")
        let joined = (open.removeValue(forKey: source) ?? "") + output
        var pending = joined[...]
        while let end = pending.utf8.firstIndex(of: 0x0A) {
            read(pending[..<end], source, &collector)
            pending = pending[pending.utf8.index(after: end)...]
        }
        if !pending.isEmpty, pending.utf8.count < DiagnosticLimits.lineBytes, open.count < Self.mostOpen {
            open[source] = String(pending)
        }
    }

    private mutating func read(_ line: Substring, _ source: Source, _ collector: inout FindingCollector) {
        if texts[source.package] != nil || texts.count < Self.mostPackages {
            _ = texts[source.package, default: GoTestText(isExpected: isExpected)].read(
                line, test: source.test, &collector)
        } else {
            _ = text.read(line, test: source.test, &collector)
        }
    }
}

/// Follows the lines of `go test`.
struct GoTestText {
    let isExpected: Bool
    /// What tests have said so far, in order; with `-v` it comes before the verdict.
    private var said: [String: [Message]] = [:]
    /// The test whose lines come now.
    private var current: String?
    /// Failed tests in this run of a package, in order.
    private var failed: [String] = []
    /// The same by name, and whether something was told of each.
    private var isTold: [String: Bool] = [:]
    private var panic: GoPanic?
    /// Whether every test is named, and not only those that failed.
    private var isVerbose = false

    private struct Message {
        var place: Finding.Place?
        var text: String
    }

    private static let mostTests = 4096
    private static let mostMessages = 64

    init(isExpected: Bool) { self.isExpected = isExpected }

    /// Whether the next lines may go on with a test.
    var isOpen: Bool { panic != nil || current != nil }

    /// - Parameter test: the test that `-json` names, empty for none; nil for text.
    /// - Returns: whether the line was understood.
    mutating func read(_ line: Substring, test: String?, _ collector: inout FindingCollector) -> Bool {
        if panic != nil {
            if panic?.read(line, &collector) == true { return true }
            endPanic(&collector)
        }
        let text = line.trimmed
        if text.begins("--- "), readVerdict(text, test: test, &collector) { return true }
        if line.begins("=== ") {
            isVerbose = true
            let words = line.utf8.split(separator: 0x20)
            current = words.count > 2 ? String(Substring(words[2])) : nil
            return true
        }
        if line.begins("panic: "), isExpected || current != nil || !failed.isEmpty {
            panic = GoPanic(message: String(line.droppingBytes(7)))
            return true
        }
        if line.utf8.first == 0x20, let owner = test.flatMap({ $0.isEmpty ? nil : $0 }) ?? current {
            return readMessage(line, of: owner, &collector)
        }
        return readPackage(line, &collector)
    }

    /// `--- FAIL: TestBad/sub (0.00s)`.
    private mutating func readVerdict(
        _ text: Substring, test: String?, _ collector: inout FindingCollector
    ) -> Bool {
        let verdicts: [(String, TestResults.Outcome)] = [
            ("--- FAIL: ", .failed), ("--- PASS: ", .passed), ("--- SKIP: ", .skipped),
        ]
        for (prefix, outcome) in verdicts {
            guard let rest = text.after(prefix: prefix) else { continue }
            let name = String(rest.cut(at: " (")?.before ?? rest)
            // Without -v nobody knows how many passed.
            if isVerbose || test != nil { collector.test(name, outcome) }
            let messages = said.removeValue(forKey: name) ?? []
            current = outcome == .passed ? nil : name
            guard outcome == .failed else { return true }
            if isTold[name] == nil, failed.count < Self.mostTests {
                failed.append(name)
                isTold[name] = false
            }
            for message in messages { add(message, of: name, &collector) }
            return true
        }
        return false
    }

    /// `    a_test.go:4: want 1`, deeper by four for each subtest; what is deeper still goes on with the message.
    private mutating func readMessage(
        _ line: Substring, of test: String, _ collector: inout FindingCollector
    ) -> Bool {
        let isFailed = isTold[test] != nil
        if let located = LocatedLine(line.trimmed), located.line > 0, located.fileExtension == "go" {
            let message = Message(place: place(located, &collector), text: String(located.rest.trimmed))
            if isFailed {
                add(message, of: test, &collector)
            } else if said[test] != nil || said.count < Self.mostTests, said[test]?.count ?? 0 < Self.mostMessages {
                said[test, default: []].append(message)
            }
            return true
        }
        if isFailed, collector.hasCurrent, line.indentation >= 8 {
            collector.amendCurrent { finding in
                // Beyond that it is cut anyway.
                guard finding.message.utf8.count < DiagnosticLimits.messageBytes else { return }
                finding.message += "\n" + line.trimmed
                GoTestText.readValues(&finding)
            }
            return true
        }
        if let count = said[test]?.count, count > 0, line.indentation >= 8 {
            said[test]?[count - 1].text += "\n" + line.trimmed
            return true
        }
        return false
    }

    /// Tests name their file by its last component.
    private func place(_ located: LocatedLine, _ collector: inout FindingCollector) -> Finding.Place? {
        guard var place = collector.place(located) else { return nil }
        if !collector.resolver.exists(place.file),
            let only = collector.resolver.uniqueFile(endingIn: String(located.file))
        {
            place.file = only
        }
        return place
    }

    private mutating func add(_ message: Message, of test: String, _ collector: inout FindingCollector) {
        var finding = Finding(
            tool: "go test", severity: .error, message: "\(test): \(message.text)", place: message.place,
            test: Finding.Test(name: test))
        Self.readValues(&finding)
        collector.add(finding)
        if isTold[test] != nil { isTold[test] = true }
    }

    /// `got 3, want 1.5`, which Go's own style asks for; `expected: 1` and `actual  : 2` of testify.
    private static func readValues(_ finding: inout Finding) {
        let text = finding.message[...]
        if let (before, want) = text.cut(at: ", want "), let (_, got) = before.cut(at: "got ") ?? before.cut(at: "= ") {
            finding.test?.actual = String(got)
            finding.test?.expected = String(want.cut(at: "\n")?.before ?? want)
        } else if let (_, want) = text.cut(at: "expected: "), let (_, got) = text.cut(at: "actual  : ") {
            finding.test?.expected = String(want.cut(at: "\n")?.before ?? want)
            finding.test?.actual = String(got.cut(at: "\n")?.before ?? got)
        }
    }

    /// Lines about a package: `FAIL	pkg	0.02s`, `ok  	pkg	(cached)`, `FAIL	pkg [build failed]`, `exit status 1`.
    private mutating func readPackage(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if line.begins("FAIL\t") || line.begins("ok  \t") || line.equals("FAIL") || line.equals("PASS")
            || line.begins("coverage: ") || line.begins("exit status ") || line.begins("?   \t")
        {
            guard
                isExpected || line.begins("FAIL\t") || line.begins("ok  \t") || line.begins("?   \t") || !failed.isEmpty
            else { return false }
            endPackage(&collector)
            return true
        }
        return false
    }

    private mutating func endPackage(_ collector: inout FindingCollector) {
        // Of a test with failed subtests these tell.
        let parents = Set(failed.compactMap { Self.parent($0) })
        for test in failed where isTold[test] == false && !parents.contains(test) {
            collector.add(
                Finding(
                    tool: "go test", severity: .error, message: "\(test): failed", place: nil,
                    test: Finding.Test(name: test)))
        }
        collector.endFinding()
        (failed, isTold, current) = ([], [:], nil)
        said = [:]
    }

    /// The test that a subtest is of; a test fails with its subtests, so one step is enough.
    private static func parent(_ name: String) -> String? {
        name.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(name[..<$0]) }
    }

    private mutating func endPanic(_ collector: inout FindingCollector) {
        guard let ended = panic else { return }
        panic = nil
        let name = failed.last ?? current
        if let last = failed.last { isTold[last] = true }
        collector.add(ended.finding(test: name))
        collector.endFinding()
    }

    mutating func finish(_ collector: inout FindingCollector) {
        endPanic(&collector)
        endPackage(&collector)
    }
}

/// A panic and the stack after it.
private struct GoPanic {
    let message: String
    private var stack: [Finding.Related] = []
    private var function: Substring?
    /// Frames of the first goroutine only.
    private var goroutines = 0

    init(message: String) { self.message = message }

    mutating func read(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if line.isEmpty || line.begins("[signal ") || line.begins("\tpanic: ") { return true }
        if line.begins("goroutine ") {
            goroutines += 1
            return true
        }
        if let text = line.after(prefix: "\t") {
            defer { function = nil }
            guard goroutines == 1, stack.count < DiagnosticLimits.frames,
                let located = LocatedLine((text.cut(at: " +0x")?.before ?? text) + ":"),
                let place = collector.place(located), place.file.inside != nil
            else { return true }
            stack.append(Finding.Related(place: place, message: String(function ?? "")))
            return true
        }
        // `ex.TestPanic(0x3e80cefc0b48?)`, `created by testing.(*T).Run in goroutine 1`, `main.f(...)`.
        guard line.ends(")") || line.begins("created by "), line.utf8.first?.isLetter == true else { return false }
        function = line.utf8.lastIndex(of: UInt8(ascii: "(")).map { line[..<$0] } ?? line
        return true
    }

    func finding(test: String?) -> Finding {
        var test = test.map { Finding.Test(name: $0) }
        test?.stack = stack
        let words = "panic: " + (message[...].cut(at: " [recovered")?.before ?? message[...])
        return Finding(
            tool: "go test", severity: .error, message: (test.map { "\($0.name): " } ?? "") + words,
            place: stack.first?.place, related: test == nil ? stack : [], test: test)
    }
}
