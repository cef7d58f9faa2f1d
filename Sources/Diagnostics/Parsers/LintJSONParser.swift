import AgentProtocol
import JSON

/// Linters and type checkers that print one JSON document, or an object a line: ruff, ESLint, oxlint, shellcheck,
/// hadolint, pyright, pylint, mypy, bandit, rubocop, and the "code quality" array of GitLab, which ty and others write.
struct LintJSONParser: DiagnosticParser {
    static let name = "lint-json"

    static func recognises(command: [String]) -> Bool {
        command.contains { $0[...].has("json") || $0 == "gitlab" }
            && CommandWords.programs(of: command).contains { tools.contains($0) }
    }

    private static let tools: Set<String> = [
        "ruff", "eslint", "oxlint", "biome", "shellcheck", "hadolint", "pyright", "basedpyright", "pylint", "mypy",
        "ty",
        "bandit", "rubocop",
    ]

    private let programs: [String]

    init(_ setting: ParserSetting) { programs = setting.programs }

    func mightTake(_ shape: LineShape) -> Bool { shape.opensJSON }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard cursor.line.begins("[") || cursor.line.begins("{") else { return false }
        var shape: (any LintShape.Type)?
        let value = cursor.takeJSON { value in
            shape = Self.shapes.first { $0.matches(value) }
            return shape != nil
        }
        guard let value, let shape else { return false }
        let tool = programs.first { Self.tools.contains($0) }
        for finding in shape.findings(value, tool: tool, &collector) {
            collector.add(finding)
            for fix in finding.fixes { collector.attach(fix) }
            collector.endFinding()
        }
        return true
    }

    private static let shapes: [any LintShape.Type] = [
        RuffShape.self, ESLintShape.self, ShellCheckShape.self, PyrightShape.self, PylintShape.self, MypyShape.self,
        OxlintShape.self, BanditShape.self, RubocopShape.self, CodeQualityShape.self,
    ]
}

/// A linter's document.
protocol LintShape: Sendable {
    static func matches(_ value: JSON) -> Bool
    /// - Parameter tool: the program that the command runs, where one of the format's users was recognised.
    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding]
}

extension LintShape {
    /// The elements of the document itself or of one of its members, as many as are shown.
    static func elements(_ value: JSON, _ member: String? = nil) -> ArraySlice<JSON> {
        let list = member.map { value[$0]?.arrayValue } ?? value.arrayValue
        return (list ?? []).prefix(DiagnosticLimits.diagnostics * 2)
    }

    static func severity(_ word: String?) -> Diagnostic.Severity {
        switch word?.lowercased() {
        case "error", "fatal", "blocker", "critical", "major", "high": .error
        case "warning", "warn", "minor", "medium", "convention", "refactor": .warning
        case "info", "information", "note", "low", "style": .information
        case "hint", "help", "advice": .hint
        default: .error
        }
    }
}

/// `ruff check --output-format json`.
private enum RuffShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        guard let first = value[0] else { return false }
        return first["filename"] != nil && first["location"]?["row"] != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        elements(value).compactMap { one in
            guard let message = one["message"]?.stringValue else { return nil }
            let file = one["filename"]?.stringValue ?? ""
            let code = one["code"]?.stringValue
            let isError = code.map { $0 == "invalid-syntax" || LintTextParser.isError($0[...]) } ?? true
            var finding = Finding(
                tool: "ruff", severity: isError ? .error : .warning, code: code,
                codeURL: one["url"]?.stringValue, message: message,
                place: place(file, one["location"], one["end_location"], &collector))
            // Names that are not used, and Pyflakes' codes of the same.
            if let name = one["name"]?.stringValue ?? code, name.hasPrefix("unused") || name == "F401" || name == "F841"
            {
                finding.tags = [.unnecessary]
            }
            if let fix = one["fix"], fix["applicability"]?.stringValue != "display-only" {
                let edits = (fix["edits"]?.arrayValue ?? []).compactMap { edit -> Finding.Fix.Edit? in
                    guard let text = edit["content"]?.stringValue,
                        let place = place(file, edit["location"], edit["end_location"], &collector)
                    else { return nil }
                    return Finding.Fix.Edit(place: place, newText: text)
                }
                if !edits.isEmpty, edits.count == fix["edits"]?.arrayValue?.count {
                    finding.fixes = [
                        Finding.Fix(title: fix["message"]?.stringValue ?? "Fix \(code ?? "")", edits: edits)
                    ]
                }
            }
            return finding
        }
    }

    private static func place(
        _ file: String, _ start: JSON?, _ end: JSON?, _ collector: inout FindingCollector
    ) -> Finding.Place? {
        guard let line = start?["row"]?.intValue else { return collector.place(file[...], line: 0) }
        var place = collector.place(file[...], line: line, column: start?["column"]?.intValue, unit: .scalars)
        place?.endLine = end?["row"]?.intValue
        place?.endColumn = end?["column"]?.intValue
        return place
    }
}

/// `pyright --outputjson`, basedpyright too; lines and columns from 0, in UTF-16.
private enum PyrightShape: LintShape {
    static func matches(_ value: JSON) -> Bool { value["generalDiagnostics"]?.arrayValue != nil }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        elements(value, "generalDiagnostics").compactMap { one in
            guard let message = one["message"]?.stringValue, let file = one["file"]?.stringValue else { return nil }
            let rule = one["rule"]?.stringValue
            var place = collector.place(file[...], line: 0)
            if let start = one["range"]?["start"], let line = start["line"]?.intValue,
                let column = start["character"]?.intValue, line >= 0, line < Int.max, column < Int.max
            {
                place = collector.place(file[...], line: line + 1, column: column + 1, unit: .utf16)
                if let end = one["range"]?["end"], let line = end["line"]?.intValue, line < Int.max,
                    let column = end["character"]?.intValue, column < Int.max
                {
                    place?.endLine = line + 1
                    place?.endColumn = column + 1
                }
            }
            return Finding(
                tool: tool ?? "pyright", severity: severity(one["severity"]?.stringValue), code: rule,
                codeURL: rule.map { "https://microsoft.github.io/pyright/#/configuration?id=\($0.lowercased())" },
                message: message, place: place,
                tags: rule?.hasPrefix("reportUnused") == true
                    ? [.unnecessary] : rule == "reportDeprecated" ? [.deprecated] : [])
        }
    }
}

/// `pylint --output-format=json2` and the older `json`; columns from 0.
private enum PylintShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        let first = value[0] ?? value["messages"]?[0]
        if first == nil { return value["statistics"]?["messageTypeCount"] != nil }
        return first?["symbol"] != nil && first?["path"] != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        elements(value, value.arrayValue == nil ? "messages" : nil).compactMap { one in
            guard let message = one["message"]?.stringValue, let symbol = one["symbol"]?.stringValue,
                let file = one["path"]?.stringValue
            else { return nil }
            let kind = one["type"]?.stringValue ?? "error"
            var place = collector.place(
                file[...], line: one["line"]?.intValue ?? 0, column: PylintText.column(one["column"]?.intValue),
                unit: .scalars)
            place?.endLine = one["endLine"]?.intValue
            place?.endColumn = PylintText.column(one["endColumn"]?.intValue)
            return Finding(
                tool: "pylint", severity: PylintText.severity(kind), code: symbol,
                codeURL: PylintText.url(symbol, kind: kind), message: message, place: place,
                tags: PylintText.tags(symbol))
        }
    }
}

/// `mypy --output json`: an object a line, columns from 0.
private enum MypyShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        value["file"] != nil && value["severity"] != nil && value["hint"] != nil && value["message"] != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        guard let message = value["message"]?.stringValue, let file = value["file"]?.stringValue else { return [] }
        let code = value["code"]?.stringValue
        var place = collector.place(
            file[...], line: value["line"]?.intValue ?? 0, column: PylintText.column(value["column"]?.intValue),
            unit: .scalars)
        place?.endLine = value["end_line"]?.intValue
        place?.endColumn = PylintText.column(value["end_column"]?.intValue)
        var finding = Finding(
            tool: "mypy", severity: severity(value["severity"]?.stringValue), code: code,
            codeURL: code.map { "https://mypy.readthedocs.io/en/stable/_refs.html#code-\($0)" }, message: message,
            place: place)
        for hint in (value["hint"]?.stringValue ?? "").utf8.split(separator: 0x0A).prefix(4) {
            finding.related.append(Finding.Related(place: nil, message: String(Substring(hint))))
        }
        return [finding]
    }
}

/// `bandit -f json`.
private enum BanditShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        value["results"]?.arrayValue != nil && value["metrics"] != nil && value["generated_at"] != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        elements(value, "results").compactMap { one in
            guard let message = one["issue_text"]?.stringValue, let file = one["filename"]?.stringValue else {
                return nil
            }
            return Finding(
                tool: "bandit", severity: severity(one["issue_severity"]?.stringValue),
                code: one["test_id"]?.stringValue, codeURL: one["more_info"]?.stringValue, message: message,
                place: collector.place(
                    file[...], line: one["line_number"]?.intValue ?? 0,
                    column: PylintText.column(one["col_offset"]?.intValue)))
        }
    }
}

/// `rubocop --format json`.
private enum RubocopShape: LintShape {
    static func matches(_ value: JSON) -> Bool { value["metadata"]?["rubocop_version"] != nil }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        var findings: [Finding] = []
        for file in elements(value, "files") {
            guard let path = file["path"]?.stringValue else { continue }
            for one in elements(file, "offenses") {
                guard let message = one["message"]?.stringValue, let location = one["location"] else { continue }
                let code = one["cop_name"]?.stringValue
                var place = collector.place(
                    path[...], line: location["start_line"]?.intValue ?? 0,
                    column: location["start_column"]?.intValue, unit: .scalars)
                place?.endLine = location["last_line"]?.intValue
                place?.endColumn = location["last_column"]?.intValue.flatMap { $0 < Int.max ? $0 + 1 : nil }
                findings.append(
                    Finding(
                        tool: "rubocop", severity: severity(one["severity"]?.stringValue), code: code,
                        message: message, place: place))
            }
        }
        return findings
    }
}

/// GitLab's code quality report, a subset of Code Climate's.
private enum CodeQualityShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        guard let first = value[0] else { return false }
        return first["check_name"] != nil && first["location"]?["path"] != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        elements(value).compactMap { one in
            guard let message = one["description"]?.stringValue, let file = one["location"]?["path"]?.stringValue else {
                return nil
            }
            let code = one["check_name"]?.stringValue
            let begin = one["location"]?["positions"]?["begin"]
            let end = one["location"]?["positions"]?["end"]
            var place = collector.place(
                file[...], line: begin?["line"]?.intValue ?? one["location"]?["lines"]?["begin"]?.intValue ?? 0,
                column: begin?["column"]?.intValue, unit: .scalars)
            place?.endLine = end?["line"]?.intValue
            place?.endColumn = end?["column"]?.intValue
            return Finding(
                tool: tool ?? "code quality", severity: severity(one["severity"]?.stringValue), code: code,
                message: code.flatMap { message[...].after(prefix: $0 + ": ") }.map(String.init) ?? message,
                place: place)
        }
    }
}
