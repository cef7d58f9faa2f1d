import AgentProtocol

/// From a finding to the diagnostic of the protocol: places in the workspace only, columns in bytes, a fingerprint.
struct FindingConversion {
    let finding: Finding
    let source: WorkspaceSource

    var diagnostic: Diagnostic {
        var message = finding.message
        var related = finding.related + finding.includes
        var place = finding.place
        // A finding in a system header is shown where the workspace led to it.
        if let outside = place, outside.file.inside == nil {
            message += " (at \(Self.name(outside)))"
            let index = related.firstIndex { $0.place?.file.inside != nil }
            place = index.flatMap { related[$0].place }
            if let index { related.remove(at: index) }
        }
        let path = place?.file.inside ?? ""
        let range = place.flatMap { self.range($0) }
        let locations = related.prefix(DiagnosticLimits.related).map { location($0) }
        let fixes = finding.fixes.compactMap { fix($0) }
        let code = finding.code.map { $0.presentable.shortened(toBytes: 128) }
        // An editor opens it when asked: nothing but the web.
        let url = finding.codeURL.flatMap { url in
            url.utf8.count <= 2048 && (url[...].begins("https://") || url[...].begins("http://"))
                && url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } ? url : nil
        }
        return Diagnostic(
            tool: finding.tool, severity: finding.severity, code: code, codeURL: url,
            message: message, path: path, range: range, related: locations.isEmpty ? nil : Array(locations),
            fixes: fixes.isEmpty ? nil : fixes, tags: finding.tags.isEmpty ? nil : finding.tags,
            test: finding.test.map { test($0) },
            fingerprint: Fingerprint.of(
                tool: finding.tool, code: code, path: path, message: message,
                sourceLine: range.flatMap { source.line(path, $0.startLine) }))
    }

    private static func name(_ place: Finding.Place) -> String {
        let file =
            switch place.file {
            case .inside(let path), .outside(let path): path
            }
        guard place.line > 0 else { return file }
        return "\(file):\(place.line)" + (place.column.map { ":\($0)" } ?? "")
    }

    private func location(_ related: Finding.Related) -> RelatedLocation {
        guard let place = related.place else { return RelatedLocation(path: "", range: nil, message: related.message) }
        guard let path = place.file.inside else {
            return RelatedLocation(path: "", range: nil, message: "\(related.message) (\(Self.name(place)))")
        }
        return RelatedLocation(path: path, range: range(place), message: related.message)
    }

    private func test(_ test: Finding.Test) -> FailedTest {
        let stack = test.stack.prefix(DiagnosticLimits.frames).map { location($0) }
        func value(_ text: String?) -> String? {
            text.map { $0.presentable.shortened(toBytes: DiagnosticLimits.valueBytes) }
        }
        return FailedTest(
            name: test.name.presentable.shortened(toBytes: 512), expected: value(test.expected),
            actual: value(test.actual), stack: stack.isEmpty ? nil : Array(stack))
    }

    private func fix(_ fix: Finding.Fix) -> DiagnosticFix? {
        var edits: [DiagnosticFix.Edit] = []
        for edit in fix.edits {
            // A fix is applied as a whole or not at all, so one edit elsewhere spoils it.
            guard let path = edit.place.file.inside, let range = exactRange(edit.place) else { return nil }
            edits.append(DiagnosticFix.Edit(path: path, range: range, newText: edit.newText))
        }
        return edits.isEmpty ? nil : DiagnosticFix(title: fix.title.presentable, edits: edits)
    }

    /// The range to mark. Where the tool names only a point, the word there; where it names only a line, its text.
    private func range(_ place: Finding.Place) -> TextRange? {
        guard place.line > 0, let path = place.file.inside else { return nil }
        let line = source.line(path, place.line)
        guard let column = place.column else {
            let indentation = line?[...].indentation ?? 0
            let length = line?.utf8.count ?? 0
            return TextRange(
                startLine: place.line, startColumn: min(indentation, length) + 1, endLine: place.line,
                endColumn: length + 1)
        }
        let start = byteColumn(column, place.unit, line)
        if place.endColumn != nil, let exact = exactRange(place), exact.endLine > place.line || exact.endColumn > start
        {
            return exact
        }
        var end = start
        if let cells = place.cells, cells > 1 {
            end = line.map { ColumnMath.byteColumn(start, plusCells: cells, in: $0) } ?? start + cells
        } else if let line {
            end = ColumnMath.endOfWord(at: start, in: line)
        }
        return TextRange(startLine: place.line, startColumn: start, endLine: place.line, endColumn: max(start, end))
    }

    /// The range exactly as the tool gave it; nil when it gave no columns.
    private func exactRange(_ place: Finding.Place) -> TextRange? {
        guard place.line > 0, let path = place.file.inside, let column = place.column,
            let endColumn = place.endColumn
        else { return nil }
        let endLine = max(place.line, place.endLine ?? place.line)
        let start = byteColumn(column, place.unit, source.line(path, place.line))
        let end = byteColumn(endColumn, place.unit, source.line(path, endLine))
        return TextRange(
            startLine: place.line, startColumn: start, endLine: endLine,
            endColumn: endLine == place.line ? max(start, end) : end)
    }

    private func byteColumn(_ column: Int, _ unit: ColumnUnit, _ line: String?) -> Int {
        line.map { ColumnMath.byteColumn(of: column, unit: unit, in: $0) } ?? max(1, column)
    }
}
