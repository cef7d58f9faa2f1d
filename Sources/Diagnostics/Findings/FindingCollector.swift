import AgentProtocol

/// Gathers what the parsers find: each finding once, within the limits.
struct FindingCollector {
    var resolver: PathResolver
    /// Set before each parser is asked.
    var currentParser = ""
    private var findings: [Finding] = []
    private var known: [Identity: Int] = [:]
    private var errors = 0
    private var summaries = 0
    /// The finding that notes belong to.
    private var current: Int?
    private var documented: Set<String> = []

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
        let related = finding.related
        finding.related = []
        findings.append(finding)
        for related in related { attach(related) }
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
