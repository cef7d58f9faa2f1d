import AgentProtocol

/// ctest's text. (`--output-junit` has the parser of that.)
struct CTestParser: DiagnosticParser {
    static let name = "ctest"
    static let companions: [any DiagnosticParser.Type] = [JUnitParser.self, GCCParser.self, LinkerParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "ctest" }
    }

    private let isExpected: Bool
    /// Whether the lines of the summary follow.
    private var isSummary = false
    private var outcomes: [String: TestResults.Outcome] = [:]

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || shape.begins(withAnyOf: "TE\t") || shape.has("#") || shape.first.isDigit && shape.has("%")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if takeResult(line, &collector) || takeSummary(line, &collector) || isProgress(line) {
            cursor.advance()
            return true
        }
        return false
    }

    mutating func finish(into collector: inout FindingCollector) { (isSummary, outcomes) = (false, [:]) }

    /// `2/6 Test #2: fails ....***Failed    0.00 sec`.
    private mutating func takeResult(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let (counter, rest) = line.cut(at: " Test "), counter.utf8.count < 32, counter.has("/"),
            let hash = rest.trimmed.after(prefix: "#"), let (number, tail) = hash.cut(at: ": "),
            number.smallNumber != nil, let dots = tail.find(" ."), tail.ends(" sec")
        else { return false }
        let name = String(tail[..<dots.lowerBound].trimmed)
        let result = Substring(tail[dots.upperBound...].utf8.drop { $0 == UInt8(ascii: ".") })
        let words = result.droppingLastBytes(4).trimmed
        let text = Substring(words.utf8.prefix { !$0.isDigit }).trimmed
        if text.equals("Passed") {
            collector.test(name, .passed)
        } else if text.has("***Skipped") || text.has("***Not Run (Disabled)") {
            collector.test(name, .skipped)
        } else {
            let parts = text.cut(at: "***")
            let kind = parts.map { ($0.before.trimmed.isEmpty ? $0.after : $0.before).trimmed } ?? text
            fail(name, String(kind).replacingMarks, &collector)
        }
        return true
    }

    private mutating func fail(_ name: String, _ reason: String, _ collector: inout FindingCollector) {
        guard outcomes.updateValue(.failed, forKey: name) == nil else { return }
        collector.test(name, .failed)
        collector.add(
            Finding(
                tool: Self.name, severity: .error, message: "\(name): \(reason)", place: nil,
                test: Finding.Test(name: name)))
        collector.endFinding()
    }

    /// `	  2 - fails (Failed)` below its heading.
    private mutating func takeSummary(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if line.begins("The following tests FAILED:") || line.begins("The following tests did not run:") {
            isSummary = line.has("FAILED")
            return true
        }
        guard line.utf8.first == 0x09, let (number, rest) = line.trimmed.cut(at: " - "), number.smallNumber != nil,
            rest.ends(")"), let open = rest.utf8.lastIndex(of: UInt8(ascii: "("))
        else { return false }
        if isSummary {
            let reason = rest[rest.utf8.index(after: open)...].droppingLastBytes(1)
            fail(String(rest[..<open].trimmed), String(reason), &collector)
        }
        return true
    }

    private func isProgress(_ line: Substring) -> Bool {
        if line.has("% tests passed, "), line.has(" tests failed out of ") { return true }
        return line.begins("Total Test time (real) = ") || line.equals("Errors while running CTest")
            || isExpected
                && (line.begins("Test project ") || line.begins("    Start ")
                    || line.begins("Output from these tests are in: ") || line.begins("Use \"--rerun-failed "))
    }
}

extension String {
    /// `Exception: SegFault` as it is, without the colon that a bare `Exception:` keeps.
    fileprivate var replacingMarks: String { self[...].before(suffix: ":").map { String($0) } ?? self }
}
