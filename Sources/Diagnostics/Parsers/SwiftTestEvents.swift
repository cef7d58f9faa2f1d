import AgentProtocol
import JSON

/// The events of Swift Testing (`swift test --event-stream-output-path F`), one JSON object a line, in version 0 and
/// in those named after a release (6.3 and later). Kinds that are not known are passed over, as the format demands.
struct SwiftTestEvents {
    private struct Test {
        var id: String
        var name: String
        var label: String
    }

    private var tests: [String: Test] = [:]
    /// Full names by what the text calls a test, and by where its issues are.
    private var namesByLabel: [String: Set<String>] = [:]
    private var namesByPlace: [String: Set<String>] = [:]
    private var failed: Set<String> = []
    private var remembered = 0

    /// Takes an event; false when the line is none.
    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard cursor.line.begins("{"), cursor.line.has("\"payload\"") else { return false }
        let event = cursor.takeJSON { value in
            value["payload"]?["kind"] != nil && value["version"] != nil
                && ["test", "event"].contains(value["kind"]?.stringValue ?? "")
        }
        guard let event, let payload = event["payload"] else { return false }
        if event["kind"]?.stringValue == "test" {
            remember(payload)
        } else {
            read(payload, &collector)
        }
        return true
    }

    /// The names stay: the text that follows calls the same tests by less.
    mutating func endStream() { failed = [] }

    /// What the text calls `equal()` or by a display name, in full. nil when there are several or none.
    func fullName(_ name: String, at place: String) -> String? {
        let candidates = namesByLabel[name] ?? []
        if candidates.count == 1 { return candidates.first }
        let here = candidates.intersection(namesByPlace[place] ?? [])
        return here.count == 1 ? here.first : nil
    }

    /// The same without a place; without events, the other name.
    func fullName(_ name: String, whenUnknown other: String) -> String? {
        tests.isEmpty ? other : fullName(name, at: "")
    }

    // MARK: Reading

    private mutating func remember(_ test: JSON) {
        guard test["kind"]?.stringValue == "function", let id = test["id"]?.stringValue,
            let name = test["name"]?.stringValue, remembered < DiagnosticLimits.tests
        else { return }
        remembered += 1
        let display = test["displayName"]?.stringValue
        tests[id] = Test(id: id, name: Self.fullName(id), label: display.map { "\"\($0)\"" } ?? name)
        for label in [name, display].compactMap({ $0 }) {
            namesByLabel[label, default: []].insert(Self.fullName(id))
        }
    }

    /// `AppTests.Sums/equal()/ST.swift:5:6` without the place: as `swift test --filter` takes it.
    private static func fullName(_ id: String) -> String {
        guard let slash = id.utf8.lastIndex(of: UInt8(ascii: "/")), id[slash...].has(".swift:") else { return id }
        return String(id[..<slash])
    }

    private mutating func read(_ event: JSON, _ collector: inout FindingCollector) {
        let id = event["testID"]?.stringValue ?? ""
        switch event["kind"]?.stringValue {
        case "issueRecorded": readIssue(event, id: id, &collector)
        case "testSkipped": if let test = tests[id] { collector.test(test.name, .skipped) }
        case "testEnded":
            guard let test = tests[id] else { return }
            collector.test(test.name, failed.contains(id) ? .failed : .passed)
        default: break
        }
    }

    private mutating func readIssue(_ event: JSON, id: String, _ collector: inout FindingCollector) {
        guard let issue = event["issue"], issue["isKnown"]?.boolValue != true else { return }
        let isError = issue["severity"]?.stringValue != "warning" && issue["isFailure"]?.boolValue != false
        if isError, failed.count < DiagnosticLimits.tests { failed.insert(id) }
        let text = Self.text(event["messages"]?.arrayValue ?? [])
        let test = tests[id] ?? Test(id: id, name: Self.fullName(id), label: Self.fullName(id))
        let place = self.place(issue["sourceLocation"], of: test, &collector)
        let values = SwiftAssertion(text[...])
        let label = test.label.isEmpty ? "" : "\(test.label): "
        collector.add(
            Finding(
                tool: "swift-testing", severity: isError ? .error : .warning, message: label + text, place: place,
                test: isError && !test.name.isEmpty
                    ? Finding.Test(name: test.name, expected: values?.expected, actual: values?.actual) : nil))
        collector.endFinding()
    }

    private mutating func place(
        _ location: JSON?, of test: Test, _ collector: inout FindingCollector
    ) -> Finding.Place? {
        guard let location, let line = location["line"]?.intValue, (1...999_999_999).contains(line),
            let file = (location["filePath"] ?? location["_filePath"] ?? location["fileID"])?.stringValue
        else { return nil }
        let column = location["column"]?.intValue.flatMap { (1...999_999_999).contains($0) ? $0 : nil }
        if namesByPlace.count < DiagnosticLimits.tests {
            let name = file[...].utf8.split(separator: UInt8(ascii: "/")).last.map { Substring($0) } ?? ""
            namesByPlace["\(name):\(line):\(column ?? 0)", default: []].insert(test.name)
        }
        return collector.place(file[...], line: line, column: column)
    }

    /// The lines that the text would have.
    private static func text(_ messages: [JSON]) -> String {
        var text = ""
        for message in messages.prefix(40) where text.utf8.count < DiagnosticLimits.messageBytes {
            guard let part = message["text"]?.stringValue else { continue }
            if !text.isEmpty { text += message["symbol"]?.stringValue == "difference" ? "\n± " : "\n" }
            text += part
        }
        return text.isEmpty ? "issue recorded" : text
    }
}
