import AgentProtocol

/// The test runners of Swift: XCTest's text and Swift Testing's.
struct SwiftTestParser: DiagnosticParser {
    static let name = "swift-test"
    static let companions: [any DiagnosticParser.Type] = [SwiftParser.self, GCCParser.self, LinkerParser.self]

    static func recognises(command: [String]) -> Bool {
        let programs = CommandWords.programs(of: command)
        return programs.contains { $0.hasSuffix(".xctest") || $0 == "swift-test" }
            || programs.contains("swift") && command.contains { $0 == "test" || $0[...].has("swift test") }
    }

    private let isExpected: Bool
    /// Whether `↳` lines belong to the last finding.
    private var isOpen = false

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { isOpen = false }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if let detail = line.after(prefix: "↳ ") {
            if isOpen {
                collector.amendCurrent { $0.message += "\n\(detail)" }
                cursor.advance()
                return true
            }
            guard isExpected || detail.begins("Testing Library Version") || detail.begins("Target Platform") else {
                return false
            }
            cursor.advance()
            return true
        }
        isOpen = false
        if takeXCTest(line, &collector) || takeSwiftTesting(line, &collector) || takeTrap(line, &collector)
            || isProgress(line)
        {
            cursor.advance()
            return true
        }
        return false
    }

    // MARK: XCTest

    /// `/src/T.swift:6: error: XT.testFail : XCTAssertEqual failed: …`, on macOS `-[Module.XT testFail] : …`.
    private func takeXCTest(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let located = LocatedLine(line), located.column == nil,
            let rest = located.rest.after(prefix: " error: "), let (test, message) = rest.cut(at: " : "),
            let name = Self.testName(test)
        else { return false }
        // An error thrown out of a test has no place: `<EXPR>:0`.
        let place = located.line > 0 && !located.file.begins("<") ? collector.place(located) : nil
        collector.add(
            Finding(tool: "xctest", severity: .error, message: "\(name): \(message.trimmed)", place: place))
        return true
    }

    private static func testName(_ text: Substring) -> String? {
        if let inner = text.after(prefix: "-[")?.before(suffix: "]") {
            return String(inner.utf8.map { $0 == 0x20 ? Character(".") : Character(UnicodeScalar($0)) })
        }
        guard !text.isEmpty, text.utf8.count <= 512, text.has("."), !text.has(" ") else { return nil }
        return String(text)
    }

    // MARK: Swift Testing

    /// `✘ Test "name" recorded an issue with 1 argument x → 1 at T.swift:12:61: Expectation failed: …`.
    private mutating func takeSwiftTesting(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
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
        let name = parts.before.cut(at: " ")?.after ?? parts.before
        var (place, arguments, message) = Self.issue(parts.after, &collector)
        // Only the file's name is printed; without the folder it is as likely another file's.
        if let found = place, !collector.resolver.exists(found.file) {
            place = nil
            message = "\(message) (at \(Self.locationText(parts.after)))"
        }
        let called = arguments.isEmpty ? String(name) : "\(name) (\(arguments))"
        collector.add(
            Finding(tool: "swift-testing", severity: severity, message: "\(called): \(message)", place: place))
        isOpen = true
        return true
    }

    private static func withoutSymbol(_ line: Substring) -> Substring? {
        let symbols = ["✘ ", "⚠︎ ", "⚠️ ", "⚠ ", "× ", "✗ ", "!! ", "X "]
        return symbols.lazy.compactMap { line.after(prefix: $0) }.first
    }

    /// ` with 1 argument x → 1 at T.swift:12:61: message`, ` at T.swift:13:56: message`, `: message`.
    private static func issue(
        _ text: Substring, _ collector: inout FindingCollector
    ) -> (place: Finding.Place?, arguments: String, message: String) {
        guard let (before, located) = location(text) else {
            let message = text.cut(at: ": ").map { String($0.after) } ?? String(text.trimmed)
            return (nil, "", message.isEmpty ? "issue recorded" : message)
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
        return (place, arguments, String(located.rest.trimmed))
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
    private func takeTrap(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let located = LocatedLine(line), located.fileExtension == "swift", located.column == nil,
            located.rest.begins(" Fatal error") || located.rest.begins(" Precondition failed")
                || located.rest.begins(" Assertion failed")
        else { return false }
        var place = collector.place(located)
        if let found = place, !collector.resolver.exists(found.file) {
            place?.file =
                collector.resolver.uniqueFile(endingIn: String(located.file)) ?? .outside(String(located.file))
        }
        collector.add(
            Finding(tool: "swift", severity: .error, message: String(located.rest.trimmed), place: place))
        collector.endFinding()
        return true
    }

    private func isProgress(_ line: Substring) -> Bool {
        let openings = [
            "◇ ", "✔ ", "➜ ", "━ ", "✘ Suite ", "✘ Test run ", "Test Suite '", "Test Case '", "\t Executed ",
            "Test session results",
        ]
        if openings.contains(where: { line.begins($0) }) { return true }
        if let body = line.after(prefix: "✘ Test ") { return body.has(" failed after ") }
        // A skipped test: `/src/T.swift:8: XT.testSkip : Test skipped - later`.
        return line.has(" : Test skipped")
    }
}
