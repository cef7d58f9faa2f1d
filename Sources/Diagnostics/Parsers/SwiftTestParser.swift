import AgentProtocol

/// The test runners of Swift: XCTest's text, Swift Testing's text and its stream of events.
struct SwiftTestParser: DiagnosticParser {
    static let name = "swift-test"
    static let companions: [any DiagnosticParser.Type] = [
        JUnitParser.self, SwiftParser.self, GCCParser.self, LinkerParser.self,
    ]

    static func recognises(command: [String]) -> Bool {
        let programs = CommandWords.programs(of: command)
        return programs.contains { $0.hasSuffix(".xctest") || $0 == "swift-test" }
            || programs.contains("swift") && command.contains { $0 == "test" || $0[...].has("swift test") }
    }

    private let isExpected: Bool
    /// A failure whose message may go on in the next lines.
    private var open: OpenFailure?
    private var xctest = XCTestCount()
    private var testing = SwiftTestingCount()
    private var events = SwiftTestEvents()
    /// The test of XCTest that has begun, for a crash to be its own.
    private var running: String?

    private struct OpenFailure {
        var finding: Finding
        /// What was said of the failure, without the test.
        var message: String
        var isQuoteOpen: Bool
        var lines = 0
    }

    /// Lines that a message may go on for.
    private static let mostLines = 40

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) {
        close(&collector)
        let counts = [xctest.counts, testing.counts]
        let all = counts.reduce(TestCounts()) {
            TestCounts(passed: $0.passed + $1.passed, failed: $0.failed + $1.failed, skipped: $0.skipped + $1.skipped)
        }
        if all.total > 0 {
            collector.testTotals(passed: all.passed, failed: all.failed, skipped: all.skipped)
        }
        xctest = XCTestCount()
        testing = SwiftTestingCount()
        events.endStream()
        running = nil
    }

    func mightTake(_ shape: LineShape) -> Bool {
        open != nil || shape.has(.place) || shape.has(.spacedColon) || shape.first >= 0x80
            || shape.begins(withAnyOf: "X!T\t{") || shape.first == UInt8(ascii: "[") && shape.has("T")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if events.take(&cursor, into: &collector) { return true }
        if takeDetail(line, &collector) {
            cursor.advance()
            return true
        }
        close(&collector)
        guard
            takeXCTest(line, cursor.located(), &collector) || takeSwiftTesting(line, &collector)
                || takeTrap(cursor.located(), &collector)
                || isProgress(line)
        else { return false }
        cursor.advance()
        return true
    }

    // MARK: Messages of several lines

    private mutating func openFailure(_ finding: Finding, message: String) {
        open = OpenFailure(
            finding: finding, message: message, isQuoteOpen: ExpressionText.isOpen(message[...], from: false))
    }

    /// `↳ the sum`, `± inserted [2]`, and the rest of a value that has line breaks.
    private mutating func takeDetail(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        let isOpening = Self.openings.contains { line.begins($0) }
        if open != nil, (open?.lines ?? 0) < Self.mostLines {
            var text: Substring?
            if let detail = line.after(prefix: "↳ ") {
                text = detail
                // With `--verbose` come the values, which may have line breaks.
                open?.isQuoteOpen = detail.has(" → \"") && ExpressionText.isOpen(detail, from: false)
            } else if line.begins("± ") {
                text = line
            } else if open?.isQuoteOpen == true, !isOpening, LocatedLine(line)?.fileExtension != "swift" {
                text = line
                open?.isQuoteOpen = ExpressionText.isOpen(line, from: true)
            }
            if let text {
                open?.lines += 1
                open?.message += "\n" + text
                return true
            }
        }
        guard let detail = line.after(prefix: "↳ ") else { return false }
        return isExpected || detail.begins("Testing Library Version") || detail.begins("Target Platform")
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let open else { return }
        self.open = nil
        var finding = open.finding
        let message = open.message[...].trimmed
        let text = String(message.before(suffix: " -") ?? message)
        if let values = SwiftAssertion(text[...]) {
            finding.test?.expected = values.expected
            finding.test?.actual = values.actual
        }
        finding.message += ": \(text)"
        collector.add(finding)
        collector.endFinding()
    }

    // MARK: XCTest

    private mutating func takeXCTest(
        _ line: Substring, _ located: LocatedLine?, _ collector: inout FindingCollector
    ) -> Bool {
        if let rest = line.after(prefix: "Test Case '") {
            guard let (test, word) = rest.cut(at: "' ") else { return true }
            guard let name = xctest.name(test) else { return true }
            running = word.begins("started") ? name : nil
            if let outcome = Self.outcome(word) {
                xctest.add(outcome)
                collector.test(name, outcome)
            }
            return true
        }
        // `[1/12] Testing AppTests.XT/testOne`, with `--parallel`, which prints no verdict of a test that passes.
        if line.begins("["), let (_, test) = line.cut(at: "] Testing "), test.has("/"), !test.has(" ") {
            xctest.list(test)
            collector.test(String(test), .passed)
            return true
        }
        // `/src/T.swift:6: error: XT.testFail : XCTAssertEqual failed: …`, on macOS `-[Module.XT testFail] : …`.
        guard let located, located.column == nil,
            let rest = located.rest.after(prefix: " error: "), let (test, message) = rest.cut(at: " : "),
            let label = XCTestCount.label(test), let name = xctest.name(test)
        else { return false }
        // An error thrown out of a test has no place: `<EXPR>:0`.
        let place = located.line > 0 && !located.file.begins("<") ? collector.place(located) : nil
        openFailure(
            Finding(
                tool: "xctest", severity: .error, message: label, place: place, test: Finding.Test(name: name)),
            message: String(message.trimmed))
        return true
    }

    private static func outcome(_ word: Substring) -> TestResults.Outcome? {
        if word.begins("passed") { return .passed }
        if word.begins("failed") { return .failed }
        return word.begins("skipped") ? .skipped : nil
    }

    // MARK: Swift Testing

    /// `✘ Test "name" recorded an issue with 1 argument x → 1 at T.swift:12:61: Expectation failed: …`.
    private mutating func takeSwiftTesting(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let end = SwiftTestingEnd(line) {
            testing.add(end)
            if let name = end.name, let outcome = end.outcome, let known = events.fullName(name, whenUnknown: name) {
                collector.test(known, outcome)
            }
            return true
        }
        guard let body = Self.withoutSymbol(line), body.begins("Test ") || body.begins("Suite ") else { return false }
        let severity: Diagnostic.Severity
        let parts: (before: Substring, after: Substring)
        if let found = body.cut(at: " recorded an issue") {
            (severity, parts) = (.error, found)
        } else if let found = body.cut(at: " recorded a warning") {
            (severity, parts) = (.warning, found)
        } else {
            return false
        }
        let called = parts.before.cut(at: " ")?.after ?? parts.before
        let issue = Self.issue(parts.after, &collector)
        var message = issue.message
        var place = issue.place
        // Only the file's name is printed; without the folder it is as likely another file's.
        if let found = place, !collector.resolver.exists(found.file) {
            place = nil
            message += " (at \(Self.locationText(parts.after)))"
        }
        let (label, name) = SwiftTestingEnd.names(called)
        let test = events.fullName(name, at: issue.location) ?? name
        openFailure(
            Finding(
                tool: "swift-testing", severity: severity,
                message: issue.arguments.isEmpty ? label : "\(label) (\(issue.arguments))", place: place,
                test: severity == .error ? Finding.Test(name: test) : nil),
            message: message)
        return true
    }

    private static func withoutSymbol(_ line: Substring) -> Substring? {
        let symbols = ["✘ ", "⚠︎ ", "⚠️ ", "⚠ ", "× ", "✗ ", "!! ", "X "]
        return symbols.lazy.compactMap { line.after(prefix: $0) }.first
    }

    private struct Issue {
        var place: Finding.Place?
        /// `T.swift:12:61`, as printed.
        var location = ""
        var arguments = ""
        var message: String
    }

    /// ` with 1 argument x → 1 at T.swift:12:61: message`, ` at T.swift:13:56: message`, `: message`.
    private static func issue(_ text: Substring, _ collector: inout FindingCollector) -> Issue {
        guard let (before, located) = location(text) else {
            let message = text.cut(at: ": ").map { String($0.after) } ?? String(text.trimmed)
            return Issue(message: message.isEmpty ? "issue recorded" : message)
        }
        let values = before.after(prefix: " with ") ?? ""
        let arguments =
            values.cut(at: values.begins("1 argument ") ? "argument " : "arguments ")
            .map { String($0.after) } ?? ""
        var place = collector.place(located)
        if let found = place, !collector.resolver.exists(found.file),
            let file = collector.resolver.uniqueFile(endingIn: String(located.file))
        {
            place?.file = file
        }
        return Issue(
            place: place, location: "\(located.file):\(located.line):\(located.column ?? 0)", arguments: arguments,
            message: String(located.rest.trimmed))
    }

    /// The first ` at file:line:column: ` and what stands before it. An argument's text may hold ` at ` too.
    private static func location(_ text: Substring) -> (before: Substring, located: LocatedLine)? {
        var search = text
        // An argument with thousands of them is not worth the time.
        for _ in 0..<16 {
            guard let at = search.find(" at ") else { return nil }
            search = search[at.upperBound...]
            if let located = LocatedLine(search), located.column != nil, located.fileExtension == "swift" {
                return (text[..<at.lowerBound], located)
            }
        }
        return nil
    }

    private static func locationText(_ text: Substring) -> String {
        location(text).map { "\($0.located.file):\($0.located.line)" } ?? "an unknown place"
    }

    // MARK: The rest

    /// `App/App.swift:12: Fatal error: Index out of range`: the file is named by module.
    private mutating func takeTrap(_ located: LocatedLine?, _ collector: inout FindingCollector) -> Bool {
        guard let located, located.fileExtension == "swift", located.column == nil,
            located.rest.begins(" Fatal error") || located.rest.begins(" Precondition failed")
                || located.rest.begins(" Assertion failed")
        else { return false }
        var place = collector.place(located)
        if let found = place, !collector.resolver.exists(found.file) {
            place?.file =
                collector.resolver.uniqueFile(endingIn: String(located.file)) ?? .outside(String(located.file))
        }
        collector.add(
            Finding(
                tool: "swift", severity: .error, message: String(located.rest.trimmed), place: place,
                test: running.map { Finding.Test(name: $0) }))
        collector.endFinding()
        if let running {
            xctest.add(.failed)
            collector.test(running, .failed)
        }
        running = nil
        return true
    }

    private static let openings = [
        "◇ ", "✔ ", "➜ ", "━ ", "✘ ", "Test Suite '", "Test Case '", "\t Executed ", "Test session results",
    ]

    private func isProgress(_ line: Substring) -> Bool {
        if Self.openings.contains(where: { line.begins($0) && $0 != "✘ " }) { return true }
        if line.begins("✘ Suite ") || line.begins("✘ Test run ") { return true }
        if let body = line.after(prefix: "✘ Test ") { return body.has(" failed after ") }
        // A skipped test: `/src/T.swift:8: XT.testSkip : Test skipped - later`.
        return line.has(" : Test skipped")
    }
}
