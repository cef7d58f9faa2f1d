import AgentProtocol

/// `swiftc` and `swift build`, in both diagnostic styles (`-diagnostic-style=swift` and `=llvm`).
struct SwiftParser: DiagnosticParser {
    static let name = "swift"
    static let companions: [any DiagnosticParser.Type] = [GCCParser.self, LinkerParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains {
            $0 == "swift" || $0.hasPrefix("swiftc") || $0.hasPrefix("swift-")
        }
    }

    private let isExpected: Bool
    private var isOpen = false

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { isOpen = false }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || shape.has(.place) || shape.first == UInt8(ascii: "[") && shape.second == UInt8(ascii: "#")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if let located = cursor.located() {
            if located.file.equals("<unknown>"), let prefix = SeverityPrefix(located.rest) {
                cursor.advance()
                add(prefix, place: nil, &collector)
                return true
            }
            return takeLocated(located, &cursor, &collector)
        }
        if takeFootnote(line, &collector) || isExpected && (isProgress(line) || takeUnlocated(line, &collector)) {
            cursor.advance()
            return true
        }
        return false
    }

    private mutating func takeLocated(
        _ located: LocatedLine, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        // Macro expansions have names of their own: `macro expansion @Test:1:2`, `@__swiftmacro_….swift`.
        guard located.fileExtension == "swift" || located.file.begins("macro expansion "),
            let column = located.column, let prefix = SeverityPrefix(located.rest),
            var place = collector.place(located)
        else { return false }
        cursor.advance()
        let box = SwiftSourceBox.take(&cursor)
        if box == nil {
            let source = place.file.inside.flatMap { collector.resolver.sourceLine($0, place.line) }
            place.cells = SourceSnippet.take(&cursor, source: source).cells
        }
        if prefix.kind == .note, isOpen, collector.hasCurrent {
            let note = prefix.message.cutBracketedCode().message
            collector.attach(Finding.Related(place: place, message: String(note)))
        } else {
            add(prefix, place: place, &collector)
        }
        for mark in box?.marks ?? [] where mark.kind == .note {
            // The header's own mark repeats it.
            if mark.line == located.line, mark.column == column, mark.message.elementsEqual(prefix.message) { continue }
            let markPlace = Finding.Place(file: place.file, line: mark.line, column: mark.column)
            collector.attach(Finding.Related(place: markPlace, message: mark.message))
        }
        return true
    }

    private mutating func add(
        _ prefix: SeverityPrefix, place: Finding.Place?, _ collector: inout FindingCollector
    ) {
        var (message, code) = prefix.message.cutBracketedCode()
        // Only groups are codes: `[#DeprecatedDeclaration]`.
        if code?[...].begins("#") != true { (message, code) = (prefix.message, nil) }
        let isSummary =
            message.has("command failed with exit code") || message.begins("fatalError")
            || message.begins("Exited with unexpected")
        collector.add(
            Finding(
                tool: "swiftc", severity: prefix.severity, code: code.map { String($0[...].droppingBytes(1)) },
                message: String(message), place: place, isSummary: isSummary && place == nil))
        isOpen = true
    }

    /// `error: no such module 'X'`, `warning: 'app': found 1 file(s) …`: the package manager or the driver.
    private mutating func takeUnlocated(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard line.indentation == 0, let prefix = SeverityPrefix(line), prefix.code == nil, prefix.kind != .remark,
            !prefix.message.isEmpty
        else { return false }
        if prefix.kind == .note, isOpen, collector.hasCurrent {
            collector.attach(Finding.Related(place: nil, message: String(prefix.message)))
        } else {
            add(prefix, place: nil, &collector)
        }
        return true
    }

    /// `[#DeprecatedDeclaration]: <https://docs.swift.org/…>`, after all diagnostics of the group.
    private func takeFootnote(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let rest = line.after(prefix: "[#"), let (code, after) = rest.cut(at: "]: <"),
            let url = after.before(suffix: ">"), url.begins("https://"), url.utf8.count <= 512
        else { return false }
        collector.document(code: String(code), url: String(url))
        return true
    }

    /// What the package manager prints about its own work.
    private func isProgress(_ line: Substring) -> Bool {
        if line.begins("Building for ") || line.begins("Build complete!") || line.begins("Compiling plugin")
            || line.begins("Fetching ") || line.begins("Computing version") || line.begins("Planning build")
        {
            return true
        }
        guard let rest = line.after(prefix: "["), let (count, after) = rest.cut(at: "/"),
            let (total, _) = after.cut(at: "] ")
        else { return false }
        return count.smallNumber != nil && total.smallNumber != nil
    }
}
