import AgentProtocol
import JSON

/// `cargo … --message-format=json` and `rustc --error-format=json`: a JSON object a line.
struct CargoParser: DiagnosticParser {
    static let name = "cargo"
    static let companions: [any DiagnosticParser.Type] = [RustParser.self, CargoTestParser.self]

    static func recognises(command: [String]) -> Bool {
        RustParser.isRust(command) && command.contains { $0[...].has("-format") && $0[...].has("json") }
    }

    init(_ setting: ParserSetting) {}

    func mightTake(_ shape: LineShape) -> Bool { shape.opensJSON }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard cursor.line.begins("{"), let value = cursor.takeJSON(where: Self.isOurs) else { return false }
        if let message = value["message"], value["reason"]?.stringValue == "compiler-message" {
            add(message, &collector)
        } else if value["reason"] == nil {
            add(value, &collector)
        }
        return true
    }

    /// Cargo names a reason; rustc itself a type of message.
    private static func isOurs(_ value: JSON) -> Bool {
        switch value["reason"]?.stringValue {
        case "compiler-message", "compiler-artifact", "build-script-executed", "build-finished": true
        default: value["$message_type"]?.stringValue == "diagnostic"
        }
    }

    private func add(_ message: JSON, _ collector: inout FindingCollector) {
        guard let words = message["message"]?.stringValue, let level = message["level"]?.stringValue,
            level != "failure-note"
        else { return }
        let code = message["code"]?["code"]?.stringValue
        let spans = message["spans"]?.arrayValue ?? []
        let primary = spans.first { $0["is_primary"]?.boolValue == true } ?? spans.first
        var finding = Finding(
            tool: code?[...].begins("clippy::") == true ? "clippy" : "rustc", severity: Self.severity(level),
            code: code, codeURL: code.flatMap { RustCode.url($0) }, message: words,
            place: primary.flatMap { place(expanded($0, collector), &collector) })
        if let label = primary?["label"]?.stringValue, !label.isEmpty { finding.message += ": " + label }
        finding.tags = RustCode.tags(code)
        // `aborting due to 2 previous errors`, `2 warnings emitted`.
        finding.isSummary = spans.isEmpty && (words[...].begins("aborting due to ") || words[...].ends(" emitted"))
        if finding.isSummary, finding.severity != .error { return }
        collector.add(finding)
        for span in spans where span["is_primary"]?.boolValue != true {
            guard let label = span["label"]?.stringValue else { continue }
            collector.attach(Finding.Related(place: place(span, &collector), message: label))
        }
        for child in (message["children"]?.arrayValue ?? []).prefix(DiagnosticLimits.related) {
            attach(child, &collector)
        }
        collector.endFinding()
    }

    private func attach(_ child: JSON, _ collector: inout FindingCollector) {
        guard let words = child["message"]?.stringValue else { return }
        let spans = child["spans"]?.arrayValue ?? []
        let edits = spans.compactMap { span -> Finding.Fix.Edit? in
            guard let text = span["suggested_replacement"]?.stringValue, let place = place(span, &collector) else {
                return nil
            }
            return Finding.Fix.Edit(place: place, newText: text)
        }
        // A part that is missing makes the rest wrong.
        if !edits.isEmpty, edits.count == spans.count {
            let isSafe = spans.allSatisfy { span in
                let applicability = span["suggestion_applicability"]?.stringValue
                return applicability == "MachineApplicable" || applicability == "MaybeIncorrect"
            }
            if isSafe { collector.attach(Finding.Fix(title: words, edits: edits)) }
            return
        }
        if RustCode.lintGroup(("note: " + words)[...]) != nil { return }
        collector.attach(Finding.Related(place: spans.first.flatMap { place($0, &collector) }, message: words))
    }

    private static func severity(_ level: String) -> Diagnostic.Severity {
        switch level {
        case "warning": .warning
        case "note": .information
        case "help": .hint
        default: .error
        }
    }

    /// Expansions of macros that are looked through.
    private static let mostExpansions = 32

    /// A span inside a macro of another crate is shown where the workspace calls it.
    private func expanded(_ span: JSON, _ collector: FindingCollector) -> JSON {
        var span = span
        for _ in 0..<Self.mostExpansions {
            guard let file = span["file_name"]?.stringValue, file.hasPrefix("<") || file.hasPrefix("/rustc/"),
                let outer = span["expansion"]?["span"]
            else { break }
            span = outer
        }
        return span
    }

    private func place(_ span: JSON, _ collector: inout FindingCollector) -> Finding.Place? {
        guard let file = span["file_name"]?.stringValue, let line = span["line_start"]?.intValue,
            var place = collector.place(file[...], line: line, column: span["column_start"]?.intValue, unit: .scalars)
        else { return nil }
        place.endLine = span["line_end"]?.intValue
        place.endColumn = span["column_end"]?.intValue
        return place
    }
}
