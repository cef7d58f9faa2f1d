import AgentProtocol
import JSON

/// `eslint -f json`, of all versions; columns and offsets in UTF-16.
enum ESLintShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        guard let first = value[0] else { return false }
        return first["filePath"] != nil && first["messages"]?.arrayValue != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        var findings: [Finding] = []
        var offsets = OffsetTable()
        for file in elements(value) {
            guard let path = file["filePath"]?.stringValue else { continue }
            for one in elements(file, "messages") {
                guard let message = one["message"]?.stringValue else { continue }
                let rule = one["ruleId"]?.stringValue
                let isError = one["severity"]?.intValue != 1 || one["fatal"]?.boolValue == true
                var place = collector.place(
                    path[...], line: one["line"]?.intValue ?? 0, column: one["column"]?.intValue, unit: .utf16)
                place?.endLine = one["endLine"]?.intValue
                place?.endColumn = one["endColumn"]?.intValue
                var finding = Finding(
                    tool: "eslint", severity: isError ? .error : .warning, code: rule,
                    codeURL: rule.flatMap { url($0) },
                    message: message, place: place, tags: tags(rule))
                if let fix = one["fix"].flatMap({
                    self.fix($0, title: "Fix \(rule ?? "it")", path, &offsets, &collector)
                }) {
                    finding.fixes.append(fix)
                }
                for suggestion in (one["suggestions"]?.arrayValue ?? []).prefix(DiagnosticLimits.fixes) {
                    guard let title = suggestion["desc"]?.stringValue,
                        let fix = suggestion["fix"].flatMap({ self.fix($0, title: title, path, &offsets, &collector) })
                    else { continue }
                    finding.fixes.append(fix)
                }
                findings.append(finding)
            }
        }
        return findings
    }

    static func tags(_ rule: String?) -> [Diagnostic.Tag] {
        guard let rule else { return [] }
        if rule[...].has("no-unused") || rule == "no-unreachable" { return [.unnecessary] }
        return rule[...].has("deprecat") ? [.deprecated] : []
    }

    /// Rules of ESLint itself have no prefix.
    static func url(_ rule: String) -> String? {
        if let name = rule[...].after(prefix: "@typescript-eslint/"), isName(name) {
            return "https://typescript-eslint.io/rules/\(name)"
        }
        return isName(rule[...]) ? "https://eslint.org/docs/latest/rules/\(rule)" : nil
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
    }

    private static func fix(
        _ fix: JSON, title: String, _ path: String, _ offsets: inout OffsetTable, _ collector: inout FindingCollector
    ) -> Finding.Fix? {
        guard let text = fix["text"]?.stringValue, let start = fix["range"]?[0]?.intValue,
            let end = fix["range"]?[1]?.intValue, 0 <= start, start <= end,
            let file = collector.place(path[...], line: 0)?.file, let inside = file.inside,
            let from = offsets.place(start, in: inside, collector.resolver),
            let to = offsets.place(end, in: inside, collector.resolver)
        else { return nil }
        var place = Finding.Place(file: file, line: from.line, column: from.column, unit: .utf16)
        place.endLine = to.line
        place.endColumn = to.column
        return Finding.Fix(title: title, edits: [Finding.Fix.Edit(place: place, newText: text)])
    }
}

/// From offsets into files to lines and columns.
struct OffsetTable {
    /// UTF-16 offsets of the beginnings of the lines read of a file, and of the end of the last.
    private var starts: [String: [Int]] = [:]
    /// Lines that may still be read, of all files together: a hostile document names very many.
    private var left = 50_000

    /// Lines read of one file. A fix further down a generated file is not worth the time.
    private static let mostLines = 5000

    /// - Parameter offset: UTF-16 code units from the beginning.
    /// - Returns: line and column from 1, the column in UTF-16; nil when the file ends before, or is not read so far.
    mutating func place(_ offset: Int, in path: String, _ resolver: PathResolver) -> (line: Int, column: Int)? {
        let table = starts[path] ?? read(path, resolver)
        starts[path] = table
        guard offset >= 0, let end = table.last, offset <= end else { return nil }
        // The last line that begins at or before the offset.
        var (low, high) = (0, table.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if table[middle] <= offset { low = middle } else { high = middle }
        }
        return (low + 1, offset - table[low] + 1)
    }

    private mutating func read(_ path: String, _ resolver: PathResolver) -> [Int] {
        var table = [0]
        for number in 1...Self.mostLines where left > 0 {
            guard let line = resolver.sourceLine(path, number) else { break }
            left -= 1
            table.append((table.last ?? 0) + line.utf16.count + 1)
        }
        return table
    }
}

/// `shellcheck -f json1` and `json`, and hadolint's JSON, which is alike.
enum ShellCheckShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        if let comments = value["comments"]?.arrayValue { return comments.isEmpty || isComment(comments[0]) }
        return value[0].map { isComment($0) } ?? false
    }

    private static func isComment(_ value: JSON) -> Bool {
        value["file"] != nil && value["level"] != nil && value["code"] != nil && value["line"] != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        elements(value, value.arrayValue == nil ? "comments" : nil).compactMap { one in
            guard let message = one["message"]?.stringValue, let file = one["file"]?.stringValue else { return nil }
            let code = one["code"]?.intValue.map { "SC\($0)" } ?? one["code"]?.stringValue
            var finding = Finding(
                tool: code?.hasPrefix("DL") == true ? "hadolint" : "shellcheck",
                severity: severity(one["level"]?.stringValue), code: code,
                codeURL: code.flatMap { ShellCheckText.url($0) },
                message: message, place: place(file, one, &collector), tags: code == "SC2034" ? [.unnecessary] : [])
            let replacements = one["fix"]?["replacements"]?.arrayValue ?? []
            let edits = replacements.compactMap { replacement -> Finding.Fix.Edit? in
                guard let text = replacement["replacement"]?.stringValue,
                    let place = place(file, replacement, &collector)
                else { return nil }
                return Finding.Fix.Edit(place: place, newText: text)
            }
            if !edits.isEmpty, edits.count == replacements.count {
                finding.fixes = [Finding.Fix(title: "Fix \(code ?? "it")", edits: edits)]
            }
            return finding
        }
    }

    /// Columns count characters, a tab as one in the JSON formats.
    private static func place(_ file: String, _ value: JSON, _ collector: inout FindingCollector) -> Finding.Place? {
        var place = collector.place(
            file[...], line: value["line"]?.intValue ?? 0, column: value["column"]?.intValue, unit: .scalars)
        place?.endLine = value["endLine"]?.intValue
        place?.endColumn = value["endColumn"]?.intValue
        return place
    }
}

/// `oxlint -f json`: spans in bytes.
enum OxlintShape: LintShape {
    static func matches(_ value: JSON) -> Bool {
        guard let list = value["diagnostics"]?.arrayValue else { return false }
        return list.isEmpty ? value["number_of_files"] != nil : list[0]["labels"] != nil && list[0]["filename"] != nil
    }

    static func findings(_ value: JSON, tool: String?, _ collector: inout FindingCollector) -> [Finding] {
        elements(value, "diagnostics").compactMap { one in
            guard let message = one["message"]?.stringValue, let file = one["filename"]?.stringValue else { return nil }
            let labels = one["labels"]?.arrayValue ?? []
            func place(_ label: JSON) -> Finding.Place? {
                guard let span = label["span"] else { return nil }
                var place = collector.place(
                    file[...], line: span["line"]?.intValue ?? 0, column: span["column"]?.intValue)
                if let length = span["length"]?.intValue, let column = place?.column, length < 1 << 20 {
                    place?.endColumn = column + length
                }
                return place
            }
            let code = one["code"]?.stringValue
            var finding = Finding(
                tool: "oxlint", severity: severity(one["severity"]?.stringValue), code: code,
                codeURL: one["url"]?.stringValue, message: message,
                place: labels.first.flatMap { place($0) } ?? collector.place(file[...], line: 0),
                tags: ESLintShape.tags(code))
            for label in labels.dropFirst().prefix(DiagnosticLimits.related) {
                guard let words = label["label"]?.stringValue else { continue }
                finding.related.append(Finding.Related(place: place(label), message: words))
            }
            if let help = one["help"]?.stringValue, !help.isEmpty {
                finding.related.append(Finding.Related(place: nil, message: help))
            }
            return finding
        }
    }
}
