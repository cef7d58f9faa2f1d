import AgentProtocol

/// Maven: what its compilers say with its marks before them, Surefire's tests, faults of the project file.
///
///     [ERROR] /src/main/java/com/acme/Bad.java:[4,17] cannot find symbol
///     [ERROR] addsTwoNumbers(com.acme.CalcTest)  Time elapsed: 0.072 s  <<< FAILURE!
struct MavenParser: DiagnosticParser {
    static let name = "maven"
    static let companions: [any DiagnosticParser.Type] = [JUnitParser.self, JavaParser.self, KotlinParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "mvn" || $0 == "mvnw" || $0 == "mvnd" }
    }

    private let isExpected: Bool
    private var failure: JVMFailure?
    /// Whether the lines repeat what failed, in a word each.
    private var isSummary = false
    /// Tests that were told with their stack, by class and method.
    private var told: Set<String> = []
    /// Classes that could not be set up.
    private var toldClasses: Set<String> = []
    /// The class whose tests come.
    private var className: Substring?
    /// The project file of which faults follow.
    private var project: Substring?

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) {
        close(&collector)
        (isSummary, told, toldClasses, className, project) = (false, [], [], nil, nil)
    }

    func mightTake(_ shape: LineShape) -> Bool {
        isSummary || failure != nil || shape.first == UInt8(ascii: "T")
            || shape.first == UInt8(ascii: "[") && (0x41...0x5A).contains(shape.second)
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard let (mark, text) = Self.mark(line) else {
            return takeUnmarked(line, &cursor, &collector)
        }
        close(&collector)
        if takePlaced(mark, text, &cursor, &collector) { return true }
        guard
            takeTests(text, &collector) || takeProject(mark, text, &collector) || takeGoal(text, &collector)
                || isExpected && isRemark(mark, text)
        else { return false }
        cursor.advance()
        return true
    }

    private static func mark(_ line: Substring) -> (Diagnostic.Severity, Substring)? {
        let marks: [(String, Diagnostic.Severity)] = [
            ("[ERROR]", .error), ("[FATAL]", .error), ("[WARNING]", .warning), ("[INFO]", .information),
        ]
        for (mark, severity) in marks {
            guard let rest = line.after(prefix: mark) else { continue }
            return (severity, rest.after(prefix: " ") ?? rest)
        }
        return nil
    }

    /// The exception of a failed test, and a message of the summary that goes on.
    private mutating func takeUnmarked(
        _ line: Substring, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        if let (_, rest) = line.cut(at: "Tests run: "), line.begins("Tests run: ") {
            close(&collector)
            guard takeTotals(rest, &collector) else { return false }
            cursor.advance()
            return true
        }
        if failure?.take(line) == true || isSummary {
            cursor.advance()
            return true
        }
        close(&collector)
        return false
    }

    // MARK: Compilers

    /// `/src/A.java:[4,17] cannot find symbol` and, with or without a mark, what explains it.
    private mutating func takePlaced(
        _ severity: Diagnostic.Severity, _ text: Substring, _ cursor: inout OutputCursor,
        _ collector: inout FindingCollector
    ) -> Bool {
        guard severity != .information, let (file, rest) = text.cut(at: ":["),
            let (position, words) = rest.cut(at: "] "),
            let (line, column) = Self.position(position), !file.has(" "), !words.isEmpty,
            let place = collector.place(file, line: line, column: column, unit: .utf16)
        else { return false }
        cursor.advance()
        var message = JavaMessage(words)
        while !cursor.isAtEnd {
            let detail = Self.mark(cursor.line)?.1 ?? cursor.line
            guard detail.begins("  "), !detail.isBlank, message.take(detail) else { break }
            cursor.advance()
        }
        let isKotlin = ["kt", "kts"].contains(PathText.fileExtension(String(file)))
        collector.add(message.finding(severity, place: place, tool: isKotlin ? "kotlinc" : "javac"))
        collector.endFinding()
        return true
    }

    private static func position(_ text: Substring) -> (line: Int, column: Int?)? {
        guard let (line, column) = text.cut(at: ",") else { return text.smallNumber.map { ($0, nil) } }
        guard let number = line.smallNumber else { return nil }
        return (number, column.trimmed.smallNumber)
    }

    // MARK: Tests

    private mutating func takeTests(_ text: Substring, _ collector: inout FindingCollector) -> Bool {
        if let rest = text.after(prefix: "Tests run: ") {
            isSummary = false
            className = (text.cut(at: " - in ") ?? text.cut(at: " -- in "))?.after.trimmed
            return takeTotals(rest, &collector)
        }
        if text.ends("<<< FAILURE!") || text.ends("<<< ERROR!"), let name = testName(text) {
            remember(name)
            collector.test(name, .failed)
            failure = JVMFailure(name: name)
            return true
        }
        if ["Failures:", "Errors:", "Flakes:"].contains(String(text.trimmed)) {
            isSummary = true
            return true
        }
        guard isSummary, text.begins("  ") else { return false }
        takeSummary(text.trimmed, &collector)
        return true
    }

    /// `addsTwoNumbers(com.acme.CalcTest)  Time elapsed: …`, from Surefire 3 on `com.acme.CalcTest.addsTwoNumbers --
    /// Time elapsed: …`, of JUnit 5 in Surefire 2 the method alone; as `-Dtest=` takes it: `com.acme.CalcTest#addsTwoNumbers`.
    private func testName(_ text: Substring) -> String? {
        guard let (head, _) = text.cut(at: "Time elapsed:") else { return nil }
        let test = (head.trimmed.before(suffix: " --") ?? head).trimmed
        guard !test.isEmpty, !test.begins("Tests run:") else { return nil }
        if let inner = test.before(suffix: ")"), let open = inner.utf8.lastIndex(of: UInt8(ascii: "(")),
            inner[open...].has(".")
        {
            return "\(inner[inner.utf8.index(after: open)...])#\(inner[..<open])"
        }
        let path = Self.withoutParameters(test)
        guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) else {
            return className.map { "\($0)#\(test)" } ?? String(test)
        }
        let method = test[test.utf8.index(after: dot)...]
        // A class that could not be set up is named alone.
        return method.utf8.first.map { (0x41...0x5A).contains($0) } == true ? String(test) : "\(test[..<dot])#\(method)"
    }

    /// `each(int)[1]`, `each{int}[1]`: the method.
    private static func withoutParameters(_ test: Substring) -> Substring {
        test.utf8.firstIndex { "([{".utf8.contains($0) }.map { test[..<$0] } ?? test
    }

    /// The class without its package and the method are all that the summary has.
    private mutating func remember(_ name: String) {
        guard told.count + toldClasses.count < DiagnosticLimits.tests else { return }
        let parts = FailedTestIndex.key(String(Self.withoutParameters(name[...]))).split(separator: ".").suffix(2)
        if name.contains("#") {
            told.insert(parts.joined(separator: "."))
        } else if let last = parts.last {
            toldClasses.insert(String(last))
        }
    }

    /// `CalcTest.addsTwoNumbers:11 expected:<3> but was:<-1>`, `CalcTest.throwsIt:31 » NullPointer …`, with calls
    /// between by `->`.
    private mutating func takeSummary(_ text: Substring, _ collector: inout FindingCollector) {
        guard let located = LocatedLine(Self.withColon(text)), let (className, method) = located.file.cut(at: "."),
            !told.contains("\(className).\(method)"), !toldClasses.contains(String(className))
        else { return }
        let file =
            collector.resolver.uniqueFile(endingIn: "\(className).java")
            ?? collector.resolver.uniqueFile(endingIn: "\(className).kt")
        let message = String(located.rest.trimmed)
        let values = AssertionText(message[...])
        let name = "\(className)#\(method)"
        collector.add(
            Finding(
                tool: "surefire", severity: .error, message: "\(name): \(message)",
                place: file.map { Finding.Place(file: $0, line: located.line) },
                test: Finding.Test(name: name, expected: values?.expected, actual: values?.actual)))
        collector.endFinding()
    }

    /// The place's number is followed by a space, and calls of helpers by `->`.
    private static func withColon(_ text: Substring) -> Substring {
        let end = text.find(" ")?.lowerBound ?? text.endIndex
        let head = text[..<end].cut(at: "->")?.before ?? text[..<end]
        return "\(head):\(text[end...])"
    }

    /// `10, Failures: 5, Errors: 3, Skipped: 1`; of each class with the time, which the total repeats.
    private func takeTotals(_ text: Substring, _ collector: inout FindingCollector) -> Bool {
        func number(_ label: String) -> Int {
            guard let (_, rest) = text.cut(at: label) else { return 0 }
            return Substring(rest.utf8.prefix { $0.isDigit }).smallNumber ?? 0
        }
        guard let all = Substring(text.utf8.prefix { $0.isDigit }).smallNumber, text.has("Failures: ") else {
            return false
        }
        guard !text.has("Time elapsed:") else { return true }
        let failed = number("Failures: ") + number("Errors: ")
        let skipped = number("Skipped: ")
        collector.testTotals(passed: max(0, all - failed - skipped), failed: failed, skipped: skipped)
        return true
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let failure else { return }
        self.failure = nil
        collector.add(failure.finding("surefire", &collector))
        collector.endFinding()
    }

    // MARK: The project

    /// `The project com.acme:calc:1.0 (/src/pom.xml) has 1 error`, `'…' is missing. @ line 8, column 17`,
    /// `Non-parseable POM /src/pom.xml: … @ line 3, column 5`.
    private mutating func takeProject(
        _ severity: Diagnostic.Severity, _ text: Substring, _ collector: inout FindingCollector
    ) -> Bool {
        guard severity != .information else { return false }
        if text.trimmed.begins("The project "), let (_, rest) = text.cut(at: " ("),
            let (file, tail) = rest.cut(at: ") has ")
        {
            project = file
            return tail.has("error")
        }
        guard let at = text.find(" @ "), let (_, position) = text[at.upperBound...].cut(at: "line ") else {
            return false
        }
        var message = text[..<at.lowerBound].trimmed
        var file = project
        if let (_, rest) = message.cut(at: "Non-parseable POM "), let (path, why) = rest.cut(at: ": ") {
            (file, message) = (path, why)
        } else if let (path, _) = text[at.upperBound...].cut(at: ", line "), path.ends(".xml") {
            file = path.cut(at: ", ")?.after ?? path
        }
        // Told again behind the project's name.
        guard let file else { return true }
        guard let line = Substring(position.utf8.prefix { $0.isDigit }).smallNumber else { return false }
        let column = position.cut(at: "column ").flatMap { Substring($0.after.utf8.prefix { $0.isDigit }).smallNumber }
        collector.add(
            Finding(
                tool: "maven", severity: severity, message: String(message),
                place: collector.place(file, line: line, column: column, unit: .utf16)))
        collector.endFinding()
        return true
    }

    /// `Failed to execute goal … on project calc: …`: of interest when nothing else says why.
    private mutating func takeGoal(_ text: Substring, _ collector: inout FindingCollector) -> Bool {
        guard text.begins("Failed to execute goal ") else { return false }
        isSummary = false
        let message = text.cut(at: " -> [Help")?.before ?? text
        collector.add(
            Finding(tool: "maven", severity: .error, message: String(message.trimmed), place: nil, isSummary: true))
        collector.endFinding()
        return true
    }

    /// What Maven prints about its own work.
    private func isRemark(_ severity: Diagnostic.Severity, _ text: Substring) -> Bool {
        if text.isBlank || severity == .information { return true }
        return [
            "-> [Help", "To see the full stack trace", "Re-run Maven", "For more information", "[Help ",
            "Please refer to ", "COMPILATION ERROR", "There are test failures", "After correcting the problems",
            "  mvn ", "The artifact ", "[ERROR] Some problems were encountered", "The build could not read ",
        ].contains { text.begins($0) }
    }
}
