import AgentProtocol

/// JUnit's XML, which nearly every test runner can write, where a check prints it.
struct JUnitParser: DiagnosticParser {
    static let name = "junit"

    static func recognises(command: [String]) -> Bool {
        command.contains { $0.utf8.count < 4096 && $0.lowercased()[...].has("junit") }
    }

    init(_ setting: ParserSetting) {}

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line.trimmed
        guard line.begins("<?xml") || line.begins("<testsuite"), cursor.chargeScanToEnd() else { return false }
        var reader = JUnitReader()
        guard let end = reader.read(cursor.rest) else { return false }
        cursor.skip(to: end)
        for failure in reader.failures { collector.add(failure.finding(&collector)) }
        collector.endFinding()
        return true
    }
}

/// Reads one document.
private struct JUnitReader {
    private(set) var failures: [JUnitFailure] = []
    private var suite = ""
    private var test: XMLScanner.Tag?
    private var failure: JUnitFailure?

    /// The end of the document; nil when the text is none or breaks off.
    mutating func read(_ text: Substring) -> Substring.Index? {
        var scanner = XMLScanner(text)
        var root: String?
        while let event = scanner.next() {
            switch event {
            case .open(let tag):
                guard root != nil || tag.name == "testsuites" || tag.name == "testsuite" else { return nil }
                if root == nil { root = tag.name }
                open(tag)
                if tag.isEmpty, close(tag.name, root: root) { return scanner.position }
            case .close(let name):
                if close(name, root: root) { return scanner.position }
            case .text(let text):
                failure?.append(text)
            }
        }
        return nil
    }

    private mutating func open(_ tag: XMLScanner.Tag) {
        switch tag.name {
        case "testsuite": suite = tag["name"] ?? ""
        case "testcase": test = tag
        case "failure", "error":
            guard let test, failures.count < DiagnosticLimits.diagnostics else { return }
            failure = JUnitFailure(suite: suite, test: test, tag: tag)
        default: break
        }
    }

    /// True at the end of the document.
    private mutating func close(_ name: String, root: String?) -> Bool {
        switch name {
        case "failure", "error":
            if let failure { failures.append(failure) }
            failure = nil
        case "testcase": test = nil
        default: break
        }
        return name == root
    }
}

private struct JUnitFailure {
    let suite: String
    let test: XMLScanner.Tag
    let tag: XMLScanner.Tag
    private(set) var text = ""

    init(suite: String, test: XMLScanner.Tag, tag: XMLScanner.Tag) {
        self.suite = suite
        self.test = test
        self.tag = tag
    }

    mutating func append(_ part: String) {
        guard text.utf8.count < DiagnosticLimits.messageBytes * 4 else { return }
        text += part
    }

    func finding(_ collector: inout FindingCollector) -> Finding {
        let className = test["classname"] ?? ""
        let testName = test["name"] ?? "test"
        let name = className.isEmpty ? testName : "\(className).\(testName)"
        let lines = text.utf8.split(separator: 0x0A).map { Substring($0) }
        if suite == "pytest" {
            var failure = PytestFailure(title: name[...])
            for line in lines { failure.read(line, &collector) }
            return failure.finding
        }
        let first = lines.first { !$0.isBlank }.map { String($0.trimmed) }
        let attribute = tag["message"] ?? ""
        let message = attribute.isEmpty ? first ?? "failed" : attribute
        return Finding(
            tool: "junit", severity: .error, message: "\(name): \(message)", place: place(lines, &collector))
    }

    /// The file and line that the test case names, or the first in its text that is one of the workspace.
    private func place(_ lines: [Substring], _ collector: inout FindingCollector) -> Finding.Place? {
        let line = test["line"].flatMap { $0[...].smallNumber } ?? 0
        if let file = test["file"], let place = collector.place(file[...], line: line) { return place }
        for text in lines.prefix(200) {
            guard let located = LocatedLine(text.trimmed), located.line > 0,
                let place = collector.place(located), collector.resolver.exists(place.file)
            else { continue }
            return place
        }
        return nil
    }
}
