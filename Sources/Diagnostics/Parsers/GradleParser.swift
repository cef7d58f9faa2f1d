import AgentProtocol

/// Gradle: results of its tests, and what went wrong; what the compilers say goes to their own parsers.
///
///     com.acme.CalcTest > addsTwoNumbers FAILED
///         java.lang.AssertionError at CalcTest.java:11
struct GradleParser: DiagnosticParser {
    static let name = "gradle"
    static let companions: [any DiagnosticParser.Type] = [JUnitParser.self, JavaParser.self, KotlinParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "gradle" || $0 == "gradlew" || $0 == "gradlew.bat" }
    }

    private let isExpected: Bool
    private var failure: JVMFailure?
    private var fault: Fault?

    /// What Gradle says of a build that failed.
    private struct Fault {
        var place: Finding.Place?
        var lines: [Substring] = []
        var part = Part.start

        enum Part { case start, place, cause, rest }
    }

    private static let mostLines = 20

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { close(&collector) }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || failure != nil || fault != nil || shape.begins(withAnyOf: "F>") || shape.first.isDigit
            || shape.last == UInt8(ascii: "D")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if line.begins("    "), failure?.take(line.droppingBytes(4)) == true {
            cursor.advance()
            return true
        }
        if failure != nil { close(&collector) }
        guard
            takeFault(line, &collector) || takeTest(line, &collector) || takeTotals(line, &collector)
                || isProgress(line)
        else { return false }
        cursor.advance()
        return true
    }

    private mutating func close(_ collector: inout FindingCollector) {
        if let failure {
            collector.add(failure.finding("gradle", &collector))
            collector.endFinding()
        }
        failure = nil
        if let fault, !fault.lines.isEmpty {
            let message = fault.lines.map { $0.trimmed }.joined(separator: "\n")
            // A fault of the build's own file is more than a summary.
            collector.add(
                Finding(
                    tool: "gradle", severity: .error, message: message, place: fault.place,
                    isSummary: fault.place == nil))
            collector.endFinding()
        }
        fault = nil
    }

    // MARK: Tests

    /// `com.acme.CalcTest > addsTwoNumbers FAILED`; the method may have brackets and the class may be a display name.
    private mutating func takeTest(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        let verdicts: [(String, TestResults.Outcome)] = [
            (" FAILED", .failed), (" PASSED", .passed), (" SKIPPED", .skipped),
        ]
        guard line.indentation == 0, !line.begins("> ") else { return false }
        for (suffix, outcome) in verdicts {
            guard let test = line.before(suffix: suffix), let (path, method) = test.cut(at: " > "),
                !path.isEmpty, !path.begins(":")
            else { continue }
            // As `--tests` takes it.
            let bare = method.before(suffix: "()") ?? method
            let name = "\(path).\(bare)"
            collector.test(name, outcome)
            if outcome == .failed { failure = JVMFailure(name: name) }
            return true
        }
        return false
    }

    /// `10 tests completed, 8 failed, 1 skipped`: only of a run in which some failed.
    private func takeTotals(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let (count, rest) = line.cut(at: " test"), let all = count.smallNumber,
            rest.begins("s completed") || rest.begins(" completed")
        else { return false }
        func number(_ word: String) -> Int {
            for part in rest.utf8.split(separator: UInt8(ascii: ",")).map({ Substring($0).trimmed }) {
                if let digits = part.before(suffix: word) { return digits.smallNumber ?? 0 }
            }
            return 0
        }
        let (failed, skipped) = (number(" failed"), number(" skipped"))
        collector.testTotals(passed: max(0, all - failed - skipped), failed: failed, skipped: skipped)
        return true
    }

    // MARK: The build

    /// From `FAILURE: Build failed with an exception.` on: `* Where:`, `* What went wrong:`, `* Try:`.
    private mutating func takeFault(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if line.begins("FAILURE: Build failed with an exception") || line.begins("FAILURE: Build completed with ") {
            close(&collector)
            fault = Fault()
            return true
        }
        guard fault != nil else { return false }
        if line.begins("BUILD FAILED") {
            close(&collector)
            return true
        }
        if line.equals("* Where:") {
            fault?.part = .place
        } else if line.equals("* What went wrong:") {
            // One of several.
            let place = fault?.place
            if fault?.part == .rest { close(&collector) }
            fault = Fault(place: fault == nil ? nil : place, part: .cause)
        } else if line.begins("* ") {
            fault?.part = .rest
        } else if fault?.part == .place {
            // `Build file '/src/build.gradle' line: 3`.
            if let (_, rest) = line.cut(at: "file '"), let (file, tail) = rest.cut(at: "'") {
                let number = tail.cut(at: "line: ")?.after.trimmed.smallNumber ?? 0
                fault?.place = collector.place(file, line: number)
            }
        } else if fault?.part == .cause, (fault?.lines.count ?? 0) < Self.mostLines {
            fault?.lines.append(line)
        }
        return true
    }

    /// What Gradle prints about its own work: `> Task :compileJava FAILED`, `:test`, `3 actionable tasks: 3 executed`.
    private func isProgress(_ line: Substring) -> Bool {
        if line.begins("> Task :") { return true }
        guard isExpected else { return false }
        if line.begins(":"), !line.has("/") { return true }
        return [
            "BUILD ", "Starting a Gradle Daemon", "Deprecated Gradle features", "Use '--warning-mode",
            "See https://docs.gradle",
            "You can use '--warning-mode", "> Configure project", "Welcome to Gradle", "To honour the JVM settings",
            "Daemon will be stopped", "OpenJDK 64-Bit Server VM warning",
        ].contains { line.begins($0) } || line.has(" actionable task") || line.equals(" FAILED")
    }
}
