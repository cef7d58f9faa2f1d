import AgentProtocol
import JSON

extension GCCParser {
    /// `-fdiagnostics-format=json`: an array per compiler process, `[]` when it has nothing to say, words after it.
    mutating func takeJSON(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) -> Bool {
        let start = cursor.line.droppingBytes(1).trimmed
        guard start.isEmpty || start.begins("{") || start.equals("]") || start.begins("]") else { return false }
        let isExpected = isExpected
        let taken = cursor.takeJSON { value in
            guard let entries = value.arrayValue else { return false }
            // `[]` alone says nothing about who wrote it.
            return (!entries.isEmpty || isExpected)
                && entries.allSatisfy { $0["kind"]?.stringValue != nil && $0["message"]?.stringValue != nil }
        }
        guard let entries = taken?.arrayValue else { return false }
        for entry in entries { add(entry, &collector) }
        (isOpen, includes, contexts) = (true, [], [])
        return true
    }

    private mutating func add(_ entry: JSON, _ collector: inout FindingCollector) {
        guard let kind = entry["kind"]?.stringValue, let message = entry["message"]?.stringValue,
            let prefix = SeverityPrefix("\(kind): "[...])
        else { return }
        let place = entry["locations"]?[0].flatMap { self.place($0, &collector) }
        collector.add(
            Finding(
                tool: tool(for: place?.file), severity: prefix.severity, code: entry["option"]?.stringValue,
                codeURL: entry["option_url"]?.stringValue, message: message, place: place))
        for child in entry["children"]?.arrayValue ?? [] {
            guard let note = child["message"]?.stringValue else { continue }
            let place = child["locations"]?[0].flatMap { self.place($0, &collector) }
            collector.attach(Finding.Related(place: place, message: String(note[...].trimmed)))
        }
        addFix(entry["fixits"]?.arrayValue ?? [], &collector)
    }

    /// A location is `caret`, and `start` and `finish` (inclusive) where a range is meant.
    private func place(_ location: JSON, _ collector: inout FindingCollector) -> Finding.Place? {
        guard let caret = location["caret"], var place = point(caret, &collector) else { return nil }
        if let finish = location["finish"], let end = point(finish, &collector), end.line >= place.line {
            place.endLine = end.line
            place.endColumn = end.column.map { $0 + 1 }
        }
        return place
    }

    private func point(_ point: JSON, _ collector: inout FindingCollector) -> Finding.Place? {
        guard let file = point["file"]?.stringValue, let line = point["line"]?.intValue, (1...999_999_999) ~= line
        else { return nil }
        // gcc 9 and 10 have `column` alone, and count bytes.
        let column = (point["byte-column"] ?? point["column"])?.intValue.map { min(max($0, 0), 999_999_999) }
        return collector.place(file[...], line: line, column: column)
    }

    /// All edits of a message are one fix. `next` is the place after the last replaced character.
    private func addFix(_ edits: [JSON], _ collector: inout FindingCollector) {
        guard !edits.isEmpty, edits.count <= DiagnosticLimits.fixes else { return }
        var fix = Finding.Fix(title: "", edits: [])
        for edit in edits {
            guard let text = edit["string"]?.stringValue, text.utf8.count <= DiagnosticLimits.messageBytes,
                let start = edit["start"], let next = edit["next"],
                var place = point(start, &collector), let end = point(next, &collector)
            else { return }
            place.endLine = end.line
            place.endColumn = end.column
            fix.edits.append(.init(place: place, newText: text))
        }
        fix.title = Self.title(of: fix)
        collector.attach(fix)
    }

    static func title(of fix: Finding.Fix) -> String {
        guard fix.edits.count == 1, let edit = fix.edits.first else { return "Apply the compiler's fix" }
        let text = edit.newText.shortened(toBytes: 64)
        if edit.newText.isEmpty { return "Remove the marked text" }
        let isInsertion = edit.place.column == edit.place.endColumn && edit.place.line == edit.place.endLine
        return isInsertion ? "Insert “\(text)”" : "Replace with “\(text)”"
    }
}
