import AgentProtocol

/// Gathers what the parsers find: each finding once, within the limits.
struct FindingCollector {
    var resolver: PathResolver
    /// Set before each parser is asked.
    var currentParser = ""
    private var findings: [Finding] = []
    private var known: [Identity: Int] = [:]
    private var errors = 0
    /// Errors that were told, each as often as it was.
    private(set) var errorsTold = 0
    private var summaries = 0
    /// The finding that notes belong to.
    private var current: Int?
    private var documented: Set<String> = []
    private var failures = FailedTestIndex()
    /// The failures that a report told of first.
    private var reported: Set<Int> = []
    /// Whether the stream is a report file, which repeats what the output says.
    private var isReport = false

    private static let mostDocumented = 256
    private(set) var tests = TestTally()

    /// Two findings that agree in all this are one, printed twice.
    private struct Identity: Hashable {
        var tool: String
        var code: String?
        var message: String
        var file: FoundPath?
        var line: Int
        var column: Int?
    }

    init(resolver: PathResolver) { self.resolver = resolver }

    /// Whether a finding of this stream is there for notes to belong to.
    var hasCurrent: Bool { current != nil }

    /// The place that a tool named; nil when the name is no path.
    mutating func place(
        _ file: Substring, line: Int, column: Int? = nil, unit: ColumnUnit = .bytes
    ) -> Finding.Place? {
        resolver.resolve(String(file)).map {
            Finding.Place(file: $0, line: line, column: column.flatMap { $0 > 0 ? $0 : nil }, unit: unit)
        }
    }

    mutating func place(_ located: LocatedLine, unit: ColumnUnit = .bytes) -> Finding.Place? {
        guard var place = place(located.file, line: located.line, column: located.column, unit: unit) else {
            return nil
        }
        place.endLine = located.endLine
        place.endColumn = located.endColumn
        return place
    }

    /// Adds a finding. When it is there already, what follows (notes, fixes) is added to that one.
    mutating func add(_ finding: Finding) {
        var finding = finding
        if finding.severity == .error { errorsTold += 1 }
        finding.parser = currentParser
        finding.message = finding.message.presentable
        let identity = Identity(
            tool: finding.tool, code: finding.code, message: finding.message, file: finding.place?.file,
            line: finding.place?.line ?? 0, column: finding.place?.column)
        if let index = known[identity] {
            current = index
            for related in finding.related { attach(related) }
            return
        }
        if let test = finding.test, let index = failures.repeated(test.name, by: currentParser, isReport: isReport),
            !isElsewhere(finding, than: index)
        {
            current = index
            complete(index, with: finding)
            known[identity] = index
            return
        }
        // Errors and the rest are counted apart: a thousand warnings must not hide the first error.
        let isError = finding.severity == .error
        guard (isError ? errors : findings.count - errors) < DiagnosticLimits.diagnostics else {
            current = nil
            return
        }
        if isError { errors += 1 }
        if finding.isSummary { summaries += 1 }
        known[identity] = findings.count
        current = findings.count
        if let test = finding.test {
            failures.add(test.name, index: findings.count, by: currentParser, isReport: isReport)
            if isReport { reported.insert(findings.count) }
        }
        let related = finding.related
        finding.related = []
        findings.append(finding)
        for related in related { attach(related) }
    }

    /// Whether two texts speak of tests in different files, whose names are the same by chance. A report may name the
    /// test's file where the text names that of the fault.
    private func isElsewhere(_ finding: Finding, than index: Int) -> Bool {
        guard !isReport, !reported.contains(index), let file = finding.place?.file.inside,
            let other = findings[index].place?.file.inside
        else { return false }
        return file != other
    }

    /// Takes from another telling of the same failure what is not known yet.
    private mutating func complete(_ index: Int, with other: Finding) {
        let isBetter = other.place?.file.inside != nil && (findings[index].place?.line ?? 0) == 0
        if findings[index].place == nil || isBetter { findings[index].place = other.place ?? findings[index].place }
        if findings[index].test?.expected == nil, findings[index].test?.actual == nil {
            findings[index].test?.expected = other.test?.expected
            findings[index].test?.actual = other.test?.actual
        }
        if findings[index].test?.stack.isEmpty == true { findings[index].test?.stack = other.test?.stack ?? [] }
        if findings[index].related.isEmpty { for related in other.related { attach(related) } }
    }

    /// Adds a note to the finding before it. Without one, the note is lost.
    mutating func attach(_ related: Finding.Related) {
        guard let current, !findings[current].related.contains(related) else { return }
        var related = related
        related.message = related.message.presentable
        if findings[current].related.count >= DiagnosticLimits.related {
            // A place in the workspace is worth more than one in a system header.
            guard related.place?.file.inside != nil,
                let index = findings[current].related.lastIndex(where: { $0.place?.file.inside == nil })
            else { return }
            findings[current].related.remove(at: index)
        }
        findings[current].related.append(related)
    }

    mutating func attach(_ fix: Finding.Fix) {
        guard let current, findings[current].fixes.count < DiagnosticLimits.fixes,
            fix.edits.count <= DiagnosticLimits.fixes, !findings[current].fixes.contains(fix)
        else { return }
        findings[current].fixes.append(fix)
    }

    /// Changes the finding that notes belong to.
    mutating func amendCurrent(_ change: (inout Finding) -> Void) {
        guard let current else { return }
        change(&findings[current])
        findings[current].message = findings[current].message.presentable
    }

    /// Gives all findings of a rule the address of its documentation. Once for a rule, so that a text of nothing but
    /// addresses costs little.
    mutating func document(code: String, url: String) {
        guard documented.count < Self.mostDocumented, documented.insert(code).inserted else { return }
        for index in findings.indices where findings[index].code == code && findings[index].codeURL == nil {
            findings[index].codeURL = url
        }
    }

    /// A test has ended.
    mutating func test(_ name: String, _ outcome: TestResults.Outcome) {
        tests.add(name, outcome, parser: currentParser)
    }

    /// A test runner has printed its totals, of one run of several perhaps.
    mutating func testTotals(passed: Int, failed: Int, skipped: Int) {
        tests.add(TestCounts(passed: passed, failed: failed, skipped: skipped), parser: currentParser)
    }

    /// What follows is of no finding so far.
    mutating func endFinding() { current = nil }

    mutating func beginStream(isReport: Bool) { self.isReport = isReport }

    mutating func endStream() {
        current = nil
        resolver.directories.endStream()
    }

    /// The findings to show, in order; when there are too many, errors rather than others.
    var shown: [Finding] {
        let dropsSummaries = errors > summaries
        var others = max(0, DiagnosticLimits.diagnostics - errors)
        return findings.filter { finding in
            if finding.isSummary, dropsSummaries { return false }
            guard finding.severity != .error else { return true }
            others -= 1
            return others >= 0
        }
    }
}
