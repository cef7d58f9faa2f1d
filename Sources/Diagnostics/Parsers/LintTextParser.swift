import AgentProtocol

/// Linters that print `file:line:column: CODE message` without a severity: flake8, pycodestyle, ruff's `concise`,
/// pylint, ty, yamllint's `parsable`, pyright.
struct LintTextParser: DiagnosticParser {
    static let name = "lint"
    static let companions: [any DiagnosticParser.Type] = [LintJSONParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { tools.contains($0) }
    }

    private static let tools: Set<String> = [
        "flake8", "pycodestyle", "pyflakes", "pydocstyle", "ruff", "pylint", "ty", "yamllint", "pyright",
        "basedpyright", "hadolint", "rubocop", "standardrb",
    ]

    private let tool: String
    private let isExpected: Bool

    init(_ setting: ParserSetting) {
        tool = setting.programs.first { Self.tools.contains($0) } ?? "lint"
        isExpected = setting.isExpected
    }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || shape.has(.place)
            || (0x41...0x5A).contains(shape.first) && RustArrow.mayBegin(with: shape.next)
            || shape.first == UInt8(ascii: "i")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if takeRuffBlock(&cursor, &collector) || Self.takeRuboCop(&cursor, &collector) { return true }
        if let finding = hadolint(line, &collector) {
            collector.add(finding)
            collector.endFinding()
            cursor.advance()
            return true
        }
        guard takeLine(line, &cursor, &collector) || isExpected && isRemark(line) else { return false }
        cursor.advance()
        return true
    }

    private func takeLine(
        _ line: Substring, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        // pyright indents what it found below the file's name, and more of the message by four.
        let isIndented = line.begins("  /")
        guard let located = isIndented ? LocatedLine(line.trimmed) : cursor.located(), located.line > 0 else {
            return false
        }
        let rest = located.rest.trimmed
        if let finding = pylint(located, rest, &collector) ?? coded(located, rest, &collector)
            ?? bracketed(located, rest, &collector) ?? pyright(located, rest, &cursor, &collector)
        {
            collector.add(finding)
            collector.endFinding()
            return true
        }
        return false
    }

    /// `a.py:8:15: E0602: Undefined variable 'x' (undefined-variable)`.
    private func pylint(
        _ located: LocatedLine, _ rest: Substring, _ collector: inout FindingCollector
    ) -> Finding? {
        guard let (code, after) = rest.cut(at: ": "), code.utf8.count == 5, let letter = code.utf8.first,
            let kind = PylintText.kind(letter), code.droppingBytes(1).smallNumber != nil,
            let inner = after.before(suffix: ")"), let open = inner.utf8.lastIndex(of: UInt8(ascii: "("))
        else { return nil }
        let symbol = String(Substring(inner.utf8[inner.utf8.index(after: open)...]))
        var place = collector.place(located, unit: .scalars)
        place?.column = PylintText.column(located.column)
        return Finding(
            tool: "pylint", severity: PylintText.severity(kind), code: symbol,
            codeURL: PylintText.url(symbol, kind: kind),
            message: String(inner[..<open].trimmed), place: place, tags: PylintText.tags(symbol))
    }

    /// `a.py:1:8: F401 [*] 'os' imported but unused`: letters, digits, a blank.
    private func coded(
        _ located: LocatedLine, _ rest: Substring, _ collector: inout FindingCollector
    ) -> Finding? {
        guard located.fileExtension == "py" || located.fileExtension == "pyi" || located.fileExtension == "ipynb",
            let (code, after) = rest.cut(at: " "), Self.isCode(code), !after.trimmed.isEmpty
        else { return nil }
        return Self.finding(
            tool: tool == "lint" ? "flake8" : tool, code, after, place: collector.place(located, unit: .scalars))
    }

    fileprivate static func finding(
        tool: String, _ code: Substring, _ message: Substring, place: Finding.Place?
    ) -> Finding {
        let message = message.after(prefix: "[*] ") ?? message
        let name = String(code)
        return Finding(
            tool: tool, severity: isError(code) ? .error : .warning, code: name, codeURL: url(name, tool: tool),
            message: String(message.trimmed), place: place,
            tags: ["F401", "F841", "F811"].contains(name) ? [.unnecessary] : [])
    }

    /// Whether the rule is about what keeps the program from running, by flake8's own grouping.
    static func isError(_ code: Substring) -> Bool {
        code.begins("E9") || code.begins("F82") || code.begins("F7") || code.begins("F63")
    }

    private static func url(_ code: String, tool: String) -> String? {
        // ruff's pages go by name; this address leads there by code.
        if tool == "ruff" { return "https://docs.astral.sh/ruff/rules/\(code)/" }
        return code.hasPrefix("F") ? "https://flake8.pycqa.org/en/latest/user/error-codes.html" : nil
    }

    static func isCode(_ text: Substring) -> Bool {
        let letters = text.utf8.prefix { (0x41...0x5A).contains($0) }
        let digits = text.utf8[letters.endIndex...]
        return (1...5).contains(letters.count) && (1...5).contains(digits.count) && digits.allSatisfy { $0.isDigit }
    }

    /// `bad.py:4:16: error[unresolved-reference] message` (ty), `a.yaml:1:1: [warning] message (rule)` (yamllint).
    private func bracketed(
        _ located: LocatedLine, _ rest: Substring, _ collector: inout FindingCollector
    ) -> Finding? {
        if let inner = rest.after(prefix: "["), let (word, message) = inner.cut(at: "] "),
            word.equals("error") || word.equals("warning")
        {
            var words = message
            var rule: String?
            if let before = message.before(suffix: ")"), let open = before.utf8.lastIndex(of: UInt8(ascii: "(")) {
                rule = String(Substring(before.utf8[before.utf8.index(after: open)...]))
                words = before[..<open].trimmed
            }
            return Finding(
                tool: "yamllint", severity: word.equals("error") ? .error : .warning, code: rule,
                codeURL: rule.map {
                    "https://yamllint.readthedocs.io/en/stable/rules.html#module-yamllint.rules.\($0.utf8.map { $0 == UInt8(ascii: "-") ? "_" : String(UnicodeScalar($0)) }.joined())"
                },
                message: String(words), place: collector.place(located, unit: .scalars))
        }
        for (word, severity) in [
            ("error[", Diagnostic.Severity.error), ("warning[", .warning), ("info[", .information),
        ] {
            guard let inner = rest.after(prefix: word), let (rule, message) = inner.cut(at: "] ") else { continue }
            return Finding(
                tool: tool == "lint" ? "ty" : tool, severity: severity, code: String(rule), message: String(message),
                place: collector.place(located, unit: .scalars))
        }
        return nil
    }

    /// `/src/a.py:8:16 - error: "x" is not defined (reportUndefinedVariable)`; the number before the dash is no column
    /// to `LocatedLine`, which wants a colon. Reasons follow on lines of their own, and the rule behind the last one.
    private func pyright(
        _ located: LocatedLine, _ rest: Substring, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Finding? {
        guard let (number, after) = rest.cut(at: " - "), let column = number.smallNumber,
            let prefix = SeverityPrefix(after)
        else { return nil }
        var lines = [prefix.message]
        var rule = Self.cutPyrightRule(&lines[0])
        while rule == nil, lines.count < Self.mostReasons, let next = cursor.peek()?.after(prefix: "  "),
            next.begins("  ") || next.begins(Self.unbroken)
        {
            cursor.advance()
            var reason = next.trimmed
            while let rest = reason.after(prefix: Self.unbroken) { reason = rest.trimmed }
            lines.append(reason)
            rule = Self.cutPyrightRule(&lines[lines.count - 1])
        }
        return Finding(
            tool: tool == "lint" ? "pyright" : tool, severity: prefix.severity, code: rule,
            message: lines.joined(separator: "\n"),
            place: collector.place(located.file, line: located.line, column: column, unit: .utf16))
    }

    /// The space that pyright indents reasons with.
    private static let unbroken = "\u{A0}"
    /// Lines of one message of pyright.
    private static let mostReasons = 40

    /// Takes `(reportUndefinedVariable)` off the end of a message.
    private static func cutPyrightRule(_ message: inout Substring) -> String? {
        guard let before = message.before(suffix: ")"), let open = before.utf8.lastIndex(of: UInt8(ascii: "(")),
            before[open...].begins("(report")
        else { return nil }
        message = before[..<open].trimmed
        return String(before[open...].droppingBytes(1))
    }

    /// ruff's `full`: `F401 [*] 'os' imported but unused`, then ` --> bad.py:1:8` and the source lines.
    private func takeRuffBlock(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard let (code, message) = line.cut(at: " "), Self.isCode(code) || code.equals("invalid-syntax:"),
            let arrow = cursor.peek().flatMap({ RustArrow($0) })
        else { return false }
        let place = collector.place(arrow.file, line: arrow.line, column: arrow.column, unit: .scalars)
        var finding = Self.finding(tool: "ruff", code.before(suffix: ":") ?? code, message, place: place)
        if code.equals("invalid-syntax:") { finding.severity = .error }
        collector.add(finding)
        cursor.advance()
        cursor.advance()
        while !cursor.isAtEnd, RustSnippet.isPart(cursor.line) {
            if let help = cursor.line.after(prefix: "help: ") {
                collector.attach(Finding.Related(place: nil, message: String(help)))
            }
            cursor.advance()
        }
        collector.endFinding()
        return true
    }

    /// What these tools say beside findings.
    private func isRemark(_ line: Substring) -> Bool {
        line.begins("************* Module ") || line.begins("Your code has been rated at ")
            || line.begins("------------") || line.begins("Found ") && line.has(" error")
            || line.begins("Found ") && line.has(" diagnostic") || line.equals("All checks passed!")
            || line.has(" fixable with the `--fix` option") || line.begins("No fixes available (")
            || line.ends(" informations") || line.ends(" information") || line.ends(" notes")
            || line.has(" inspected, ") && line.has(" offenses") || line.begins("Inspecting ")
            || line.equals("Offenses:")
            || line.begins("/") && LocatedLine(line) == nil && line.ends(".py")
    }
}

/// pylint's words.
enum PylintText {
    static func kind(_ letter: UInt8) -> String? {
        switch letter {
        case UInt8(ascii: "E"): "error"
        case UInt8(ascii: "F"): "fatal"
        case UInt8(ascii: "W"): "warning"
        case UInt8(ascii: "C"): "convention"
        case UInt8(ascii: "R"): "refactor"
        case UInt8(ascii: "I"): "info"
        default: nil
        }
    }

    static func severity(_ kind: String) -> Diagnostic.Severity {
        switch kind {
        case "error", "fatal": .error
        case "warning": .warning
        default: .information
        }
    }

    /// Columns from 0, as pylint and mypy's JSON count.
    static func column(_ column: Int?) -> Int? {
        column.flatMap { $0 >= 0 && $0 < Int.max ? $0 + 1 : nil }
    }

    static func url(_ symbol: String, kind: String) -> String? {
        guard symbol.utf8.allSatisfy({ $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }) else { return nil }
        return "https://pylint.readthedocs.io/en/stable/user_guide/messages/\(kind)/\(symbol).html"
    }

    static func tags(_ symbol: String) -> [Diagnostic.Tag] {
        symbol.hasPrefix("unused-") || symbol == "unreachable"
            ? [.unnecessary] : symbol.hasPrefix("deprecated-") ? [.deprecated] : []
    }
}
