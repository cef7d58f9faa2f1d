import AgentProtocol
import JSON

/// `go build`, `go vet` and other tools that print like them, as text and as JSON.
///
///     # example.com/pkg
///     ./a.go:2:16: "os" imported and not used
///     vet: ./a.go:3:1: expected declaration
struct GoParser: DiagnosticParser {
    static let name = "go"
    static let companions: [any DiagnosticParser.Type] = [GoTestParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { tools.contains($0) }
    }

    private static let tools: Set<String> = [
        "go", "staticcheck", "golangci-lint", "gopls", "revive", "errcheck", "govulncheck",
    ]

    private let tool: String
    private let isExpected: Bool
    /// After `# package`, lines with a place are the compiler's.
    private var isInPackage = false

    init(_ setting: ParserSetting) {
        tool = setting.programs.first { Self.tools.contains($0) } ?? "go"
        isExpected = setting.isExpected
    }

    mutating func finish(into collector: inout FindingCollector) { isInPackage = false }

    func mightTake(_ shape: LineShape) -> Bool { isExpected || isInPackage || shape.begins(withAnyOf: "{#") }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if line.begins("{"), isExpected || isInPackage || line.begins("{\"ImportPath\":") {
            return takeJSON(&cursor, &collector)
        }
        guard takePackage(cursor) || takeText(line, cursor.located(), &collector) else {
            if !isExpected { isInPackage = false }
            return false
        }
        cursor.advance()
        // `\thave (int)`, `\twant (string)`: more of the message.
        while !cursor.isAtEnd, collector.hasCurrent, cursor.line.utf8.first == 0x09 {
            let more = cursor.line.trimmed
            if let located = LocatedLine(more), located.line > 0, located.fileExtension == "go" {
                collector.attach(
                    Finding.Related(place: collector.place(located), message: String(located.rest.trimmed)))
            } else {
                collector.amendCurrent { $0.message += "\n" + more }
            }
            cursor.advance()
        }
        collector.endFinding()
        return true
    }

    /// `# example.com/pkg`. Where the command does not tell, what follows has to be of Go.
    private mutating func takePackage(_ cursor: OutputCursor) -> Bool {
        guard let package = cursor.line.after(prefix: "# "), !package.trimmed.isEmpty else { return false }
        if !isExpected {
            guard !package.trimmed.has(" "), let next = cursor.peek() else { return false }
            let text = next.after(prefix: "vet: ") ?? next
            guard LocatedLine(text)?.fileExtension == "go" || next.equals("{") else { return false }
        }
        isInPackage = true
        return true
    }

    private mutating func takeText(
        _ line: Substring, _ plain: LocatedLine?, _ collector: inout FindingCollector
    ) -> Bool {
        let ofVet = line.after(prefix: "vet: ")
        // Without a column, and outside of a package's part, it may be a line of a program's own log.
        if isExpected || isInPackage, let located = ofVet.map({ LocatedLine($0) }) ?? plain,
            located.line > 0, Self.isSource(located), isInPackage || located.column != nil || ofVet != nil
        {
            add(located, &collector)
            return true
        }
        guard isExpected else { return false }
        if line.equals("too many errors") || line.begins("exit status ") { return true }
        // `go: cannot find main module`, `go: updates to go.mod needed`, with the place for errors in go.mod.
        guard let message = line.after(prefix: "go: "), !message.begins("downloading "), !message.begins("finding ")
        else { return false }
        let located = LocatedLine(message)
        collector.add(
            Finding(
                tool: "go", severity: .error, message: String(located?.rest.trimmed ?? message),
                place: located.flatMap { collector.place($0) }))
        return true
    }

    private static func isSource(_ located: LocatedLine) -> Bool {
        ["go", "mod", "work", "s", "c", "h"].contains(located.fileExtension)
    }

    private func add(_ located: LocatedLine, _ collector: inout FindingCollector) {
        var message = located.rest.trimmed
        var code: String?
        // `… (SA4006)` of staticcheck, `… (govet)` of golangci-lint.
        if tool != "go", let inner = message.before(suffix: ")"), let open = inner.utf8.lastIndex(of: UInt8(ascii: "("))
        {
            let name = Substring(inner.utf8[inner.utf8.index(after: open)...])
            if (2...40).contains(name.utf8.count), name.utf8.allSatisfy({ $0.isIdentifier || $0 == UInt8(ascii: "-") })
            {
                code = String(name)
                message = inner[..<open].trimmed
            }
        }
        let url = code.flatMap { code in
            tool == "staticcheck" ? "https://staticcheck.dev/docs/checks/#\(code)" : nil
        }
        collector.add(
            Finding(
                tool: tool, severity: tool == "go" ? .error : .warning, code: code, codeURL: url,
                message: String(message), place: collector.place(located)))
    }

    // MARK: JSON

    private mutating func takeJSON(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) -> Bool {
        var isBuild = false
        var analyses: [(analyzer: String, finding: JSON)] = []
        let value = cursor.takeJSON { value in
            if let action = value["Action"]?.stringValue {
                isBuild = action.hasPrefix("build-") && value["ImportPath"] != nil
                return isBuild
            }
            analyses = Self.analyses(value)
            return !analyses.isEmpty || value.objectValue?.isEmpty == true
        }
        guard let value else { return false }
        if isBuild {
            // A line of text with its line feed.
            guard value["Action"]?.stringValue == "build-output", let text = value["Output"]?.stringValue else {
                return true
            }
            for line in text.utf8.split(separator: 0x0A).prefix(64) {
                let line = Substring(line)
                if line.utf8.first == 0x09, collector.hasCurrent {
                    collector.amendCurrent { $0.message += "\n" + line.trimmed }
                } else {
                    collector.endFinding()
                    _ = takeText(line, LocatedLine(line), &collector)
                }
            }
            return true
        }
        for (analyzer, finding) in analyses {
            guard let position = finding["posn"]?.stringValue, let located = LocatedLine(position + ":"),
                let message = finding["message"]?.stringValue
            else { continue }
            var place = collector.place(located)
            if let end = finding["end"]?.stringValue.flatMap({ LocatedLine($0 + ":") }) {
                place?.endLine = end.line
                place?.endColumn = end.column
            }
            collector.add(
                Finding(
                    tool: "go vet", severity: .warning, code: analyzer,
                    codeURL: "https://pkg.go.dev/golang.org/x/tools/go/analysis/passes/\(analyzer)", message: message,
                    place: place))
            collector.endFinding()
        }
        return true
    }

    /// `{"package": {"analyzer": [{"posn", "end", "message"}]}}` of `go vet -json`.
    private static func analyses(_ value: JSON) -> [(String, JSON)] {
        var found: [(String, JSON)] = []
        for (_, analyzers) in value.objectValue ?? [:] {
            guard let analyzers = analyzers.objectValue else { return [] }
            for (analyzer, list) in analyzers {
                if let error = list["error"]?.stringValue {
                    found.append((analyzer, ["message": .string(error)]))
                    continue
                }
                guard let list = list.arrayValue else { return [] }
                for finding in list.prefix(DiagnosticLimits.diagnostics) where finding["posn"] != nil {
                    found.append((analyzer, finding))
                }
            }
        }
        return found
    }
}
