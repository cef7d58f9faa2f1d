import AgentProtocol

/// JUnit's XML, which nearly every test runner can write, where a check prints it or leaves it in a file.
struct JUnitParser: DiagnosticParser {
    static let name = "junit"

    static func recognises(command: [String]) -> Bool {
        command.contains { $0.utf8.count < 4096 && $0.lowercased()[...].has("junit") }
    }

    init(_ setting: ParserSetting) {}

    func mightTake(_ shape: LineShape) -> Bool { shape.start == UInt8(ascii: "<") }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line.trimmed
        guard line.begins("<?xml") || line.begins("<testsuite"), cursor.chargeScanToEnd() else { return false }
        var reader = JUnitReader()
        guard let end = reader.read(cursor.rest) else { return false }
        cursor.skip(to: end)
        for (name, outcome) in reader.outcomes { collector.test(name, outcome) }
        for failure in reader.failures { collector.add(failure.finding(&collector)) }
        collector.endFinding()
        return true
    }
}

/// Reads one document.
private struct JUnitReader {
    private(set) var failures: [JUnitFailure] = []
    private(set) var outcomes: [(String, TestResults.Outcome)] = []
    private var suites: [String] = []
    private var test: XMLScanner.Tag?
    private var outcome = TestResults.Outcome.passed
    private var failure: JUnitFailure?
    /// Failures before this one are of earlier tests.
    private var firstOfTest = 0
    private var output = ""
    private var isOutput = false

    private static let mostLevels = 64

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
                if isOutput, output.utf8.count < DiagnosticLimits.messageBytes * 4 { output += text }
            }
        }
        return nil
    }

    private mutating func open(_ tag: XMLScanner.Tag) {
        switch tag.name {
        case "testsuite": if suites.count < Self.mostLevels { suites.append(tag["name"] ?? "") }
        case "testcase":
            test = tag
            outcome = ["notrun", "disabled", "skipped"].contains(tag["status"] ?? "") ? .skipped : .passed
            firstOfTest = failures.count
            output = ""
        case "skipped", "disabled": if outcome == .passed { outcome = .skipped }
        case "system-out", "system-err": isOutput = test != nil
        case "failure", "error":
            // What is still to do may fail, and is told as skipped and failed.
            guard let test, outcome != .skipped else { return }
            outcome = .failed
            guard failures.count < DiagnosticLimits.diagnostics else { return }
            failure = JUnitFailure(suites: suites, test: test, tag: tag)
        default: break
        }
    }

    /// True at the end of the document.
    private mutating func close(_ name: String, root: String?) -> Bool {
        switch name {
        case "failure", "error":
            if let failure { failures.append(failure) }
            failure = nil
        case "system-out", "system-err": isOutput = false
        case "testsuite": _ = suites.popLast()
        case "testcase":
            if let test, outcomes.count < DiagnosticLimits.tests {
                outcomes.append((JUnitFailure.name(test, in: suites), outcome))
            }
            for index in failures.indices.dropFirst(firstOfTest) { failures[index].output = output }
            test = nil
        default: break
        }
        return name == root
    }
}
