import AgentProtocol

/// `tsc`, with and without `--pretty`:
///
///     src/a.ts(2,33): error TS2322: Type 'string' is not assignable to type 'number'.
///     src/a.ts:2:33 - error TS2322: Type 'string' is not assignable to type 'number'.
struct TypeScriptParser: DiagnosticParser {
    static let name = "tsc"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { ["tsc", "vue-tsc", "tsserver", "tsgo"].contains($0) }
            || command.contains { $0[...].has("typescript/bin/tsc") }
    }

    private let isExpected: Bool

    /// Lines of one message; deep type comparisons print dozens.
    private static let mostLines = 40

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || shape.has(.closed) || shape.has(.place) && shape.has("-")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        let plain = plain(line, &collector)
        if let (place, head) = plain ?? pretty(line, &collector) {
            cursor.advance()
            var finding = Finding(
                tool: "tsc", severity: head.severity, code: head.code, message: String(head.message), place: place,
                tags: Self.tags(head.code))
            readMore(&finding, &cursor)
            collector.add(finding)
            if plain == nil { takePrettyRest(&cursor, &collector) }
            collector.endFinding()
            return true
        }
        guard isExpected else { return false }
        // `error TS5058: The specified path does not exist`.
        if let head = SeverityPrefix(line), let code = head.code, code.hasPrefix("TS") {
            cursor.advance()
            collector.add(
                Finding(
                    tool: "tsc", severity: head.severity, code: code, message: String(head.message), place: nil))
            collector.endFinding()
            return true
        }
        if line.begins("Found ") && line.has(" error") || line.begins("Errors  Files")
            || line.has(" - Starting compilation") || line.has(" - Found ")
        {
            cursor.advance()
            return true
        }
        return false
    }

    /// `a.ts(2,33): error TS2322: message`.
    private func plain(
        _ line: Substring, _ collector: inout FindingCollector
    ) -> (Finding.Place?, SeverityPrefix)? {
        guard let (before, after) = line.cut(at: "): "), let head = SeverityPrefix(after),
            head.code?.hasPrefix("TS") == true,
            let open = before.utf8.lastIndex(of: UInt8(ascii: "(")),
            let (number, column) = Substring(before.utf8[before.utf8.index(after: open)...]).cut(at: ","),
            let number = number.smallNumber, let column = column.smallNumber
        else { return nil }
        return (collector.place(before[..<open], line: number, column: column, unit: .utf16), head)
    }

    /// `a.ts:2:33 - error TS2322: message`.
    private func pretty(
        _ line: Substring, _ collector: inout FindingCollector
    ) -> (Finding.Place?, SeverityPrefix)? {
        guard let (place, after) = line.cut(at: " - "), let head = SeverityPrefix(after),
            head.code?.hasPrefix("TS") == true,
            let located = LocatedLine(place + ":"), located.column != nil
        else { return nil }
        return (collector.place(located, unit: .utf16), head)
    }

    /// Reasons below the message, each indented deeper.
    private func readMore(_ finding: inout Finding, _ cursor: inout OutputCursor) {
        for _ in 0..<Self.mostLines {
            guard !cursor.isAtEnd, cursor.line.begins("  "), !cursor.line.isBlank else { return }
            finding.message += "\n" + cursor.line
            cursor.advance()
        }
    }

    /// With `--pretty` a blank line, the source lines with numbers, and related places follow.
    private func takePrettyRest(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) {
        for _ in 0..<Self.mostLines where !cursor.isAtEnd {
            let line = cursor.line
            if line.isBlank {
                guard let next = cursor.peek(), isSource(next) || related(next, &collector) != nil else { return }
                cursor.advance()
                continue
            }
            if let (place, words) = related(line, &collector) {
                collector.attach(Finding.Related(place: place, message: words))
            } else if !isSource(line) {
                return
            }
            cursor.advance()
        }
    }

    /// `2 export const x: number = "a";`, then `               ~`.
    private func isSource(_ line: Substring) -> Bool {
        let text = line.trimmed
        if text.begins("~") { return text.utf8.allSatisfy { $0 == UInt8(ascii: "~") } }
        let digits = text.utf8.prefix { $0.isDigit }
        return !digits.isEmpty && (digits.endIndex == text.utf8.endIndex || text.utf8[digits.endIndex] == 0x20)
            && LocatedLine(text) == nil
    }

    /// `  src/b.ts:1:14`, and in the lines after it the source and what it is.
    private func related(_ line: Substring, _ collector: inout FindingCollector) -> (Finding.Place?, String)? {
        guard line.begins("  "), let located = LocatedLine(line.trimmed + ":"), located.column != nil,
            located.rest.isEmpty
        else { return nil }
        return (collector.place(located, unit: .utf16), "related")
    }

    private static func tags(_ code: String?) -> [Diagnostic.Tag] {
        switch code {
        case "TS6133", "TS6138", "TS6192", "TS6196", "TS6198", "TS7027": [.unnecessary]
        case "TS6385", "TS6387": [.deprecated]
        default: []
        }
    }
}
