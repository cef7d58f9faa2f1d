import AgentProtocol

/// One `failure` or `error` of a test case.
struct JUnitFailure {
    let suites: [String]
    let test: XMLScanner.Tag
    let tag: XMLScanner.Tag
    /// What the test printed: where a runner has no message (ctest), all that there is.
    var output = ""
    private(set) var text = ""

    init(suites: [String], test: XMLScanner.Tag, tag: XMLScanner.Tag) {
        self.suites = suites
        self.test = test
        self.tag = tag
    }

    mutating func append(_ part: String) {
        guard text.utf8.count < DiagnosticLimits.messageBytes * 4 else { return }
        text += part
    }

    static func name(_ test: XMLScanner.Tag, in suites: [String]) -> String {
        let className = test["classname"] ?? ""
        let name = test["name"] ?? "test"
        // Node.js has no classes; its suites are tests.
        if className == "test" { return (suites.filter { !$0.isEmpty } + [name]).joined(separator: " > ") }
        // ctest and others give the name twice.
        return className.isEmpty || className == name ? name : "\(className).\(name)"
    }

    func finding(_ collector: inout FindingCollector) -> Finding {
        let name = Self.name(test, in: suites)
        let lines = Self.lines(text)
        if suites.last == "pytest" {
            var failure = PytestFailure(
                title: tag["message"] == "collection failure" ? "ERROR collecting \(name)" : name[...])
            for line in lines { failure.read(line, &collector) }
            return failure.finding(&collector)
        }
        let attribute = tag["message"] ?? ""
        var message = attribute.isEmpty ? lines.first { !$0.isBlank }.map { String($0.trimmed) } ?? "" : attribute
        if message.isEmpty { message = Self.conclusion(Self.lines(output)) }
        let stack = StackFrames(lines.isEmpty ? Self.lines(output) : Self.causeFirst(lines), &collector)
        return Finding(
            tool: "junit", severity: .error, message: "\(name): \(message)",
            place: place(stack, &collector), test: details(name, message: message, stack: stack.frames))
    }

    private func details(_ name: String, message: String, stack: [Finding.Related]) -> Finding.Test {
        let values = AssertionText(text[...]) ?? AssertionText(message[...])
        return Finding.Test(name: name, expected: values?.expected, actual: values?.actual, stack: stack)
    }

    /// Node.js wraps what a test threw, and shows it behind its own frames.
    private static func causeFirst(_ lines: [Substring]) -> [Substring] {
        guard let cause = lines.firstIndex(where: { $0.trimmed.begins("cause: ") }) else { return lines }
        return Array(lines[cause...] + lines[..<cause])
    }

    private static func lines(_ text: String) -> [Substring] { text.utf8.split(separator: 0x0A).map { Substring($0) } }

    /// The last lines of what a test printed.
    private static func conclusion(_ lines: [Substring]) -> String {
        let last = lines.filter { !$0.isBlank }.suffix(8)
        return last.isEmpty ? "failed" : last.joined(separator: "\n")
    }

    /// The file and line that the test case names, or the innermost of its stack that is of the workspace.
    private func place(_ stack: StackFrames, _ collector: inout FindingCollector) -> Finding.Place? {
        let line = (test["line"] ?? tag["line"]).flatMap { $0[...].smallNumber } ?? 0
        if line > 0, let file = test["file"] ?? tag["file"], let place = collector.place(file[...], line: line) {
            return place
        }
        if let place = stack.place(&collector) { return place }
        return test["file"].flatMap { collector.place($0[...], line: 0) }
    }
}
