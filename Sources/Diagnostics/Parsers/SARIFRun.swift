import AgentProtocol
import JSON

/// One run of a SARIF log (section 3.14).
struct SARIFRun {
    private let run: JSON
    private let tool: String
    private let rules: [JSON]
    private var rulesByID: [String: Int] = [:]
    private let unit: ColumnUnit

    init(_ run: JSON) {
        self.run = run
        let driver = run["tool"]?["driver"]
        tool = Self.toolName(driver?["name"]?.stringValue ?? "sarif")
        rules = driver?["rules"]?.arrayValue ?? []
        for (index, rule) in rules.enumerated() {
            if let id = rule["id"]?.stringValue, rulesByID[id] == nil { rulesByID[id] = index }
        }
        unit = run["columnKind"]?.stringValue == "unicodeCodePoints" ? .scalars : .utf16
    }

    /// `GNU C++17` is g++; otherwise the driver's name in lower case.
    private static func toolName(_ name: String) -> String {
        if name.hasPrefix("GNU C++") { return "g++" }
        if name.hasPrefix("GNU C") { return "gcc" }
        return name.lowercased().shortened(toBytes: 64)
    }

    mutating func read(into collector: inout FindingCollector) {
        for result in run["results"]?.arrayValue ?? [] { add(result, &collector) }
        for invocation in run["invocations"]?.arrayValue ?? [] {
            for notification in invocation["toolExecutionNotifications"]?.arrayValue ?? []
            where notification["level"]?.stringValue == "error" {
                add(notification, &collector)
            }
        }
    }

    private func add(_ result: JSON, _ collector: inout FindingCollector) {
        // Passed checks, suppressed findings and those of an older run are none (sections 3.27.9, .23, .24).
        if let kind = result["kind"]?.stringValue, ["pass", "open", "notApplicable", "informational"].contains(kind) {
            return
        }
        if result["baselineState"]?.stringValue == "absent" { return }
        let suppressions = result["suppressions"]?.arrayValue ?? []
        if suppressions.contains(where: { ($0["status"]?.stringValue ?? "accepted") == "accepted" }) { return }

        let rule = self.rule(of: result)
        var message = text(result["message"], rule: rule)
        guard !message.isEmpty else { return }
        let place = primaryPlace(result["locations"]?.arrayValue ?? [], &collector)
        if place == nil, let symbol = symbol(result["locations"]?[0]) { message += " (in \(symbol))" }
        let level = result["level"]?.stringValue ?? rule?["defaultConfiguration"]?["level"]?.stringValue ?? "warning"
        // Clang writes notes as results of their own, behind the one they explain.
        if level == "note", tool == "clang", collector.hasCurrent {
            collector.attach(Finding.Related(place: place, message: message))
            return
        }
        let severity: Diagnostic.Severity =
            switch level {
            case "error": .error
            case "note", "none": .information
            default: .warning
            }
        collector.add(
            Finding(
                tool: tool, severity: severity, code: code(result, rule), codeURL: rule?["helpUri"]?.stringValue,
                message: message, place: place))
        for location in result["relatedLocations"]?.arrayValue ?? [] {
            var note = text(location["message"], rule: nil)
            guard !note.isEmpty else { continue }
            let place = self.place(location, &collector)
            if place == nil, let symbol = symbol(location) { note += " (in \(symbol))" }
            collector.attach(Finding.Related(place: place, message: note))
        }
        for fix in result["fixes"]?.arrayValue ?? [] { addFix(fix, &collector) }
    }

    private func rule(of result: JSON) -> JSON? {
        if let index = (result["ruleIndex"] ?? result["rule"]?["index"])?.intValue, rules.indices.contains(index) {
            return rules[index]
        }
        return (result["ruleId"] ?? result["rule"]?["id"])?.stringValue.flatMap { rulesByID[$0] }.map { rules[$0] }
    }

    /// Clang's rule identifiers are numbers of its own making that change from version to version.
    private func code(_ result: JSON, _ rule: JSON?) -> String? {
        guard let code = (result["ruleId"] ?? result["rule"]?["id"] ?? rule?["id"])?.stringValue else { return nil }
        return code.isEmpty || tool == "clang" && code.utf8.allSatisfy(\.isDigit) ? nil : code
    }

    /// A message's text, or the rule's text that it names, with its arguments put in (section 3.11.5).
    private func text(_ message: JSON?, rule: JSON?) -> String {
        guard let message else { return "" }
        var text = message["text"]?.stringValue ?? message["markdown"]?.stringValue
        if text == nil, let id = message["id"]?.stringValue {
            text = rule?["messageStrings"]?[id]?["text"]?.stringValue
        }
        guard let text else { return "" }
        let arguments = (message["arguments"]?.arrayValue ?? []).map { $0.stringValue ?? "" }
        guard !arguments.isEmpty else { return text }
        var result = ""
        var rest = text[...]
        while result.utf8.count <= DiagnosticLimits.messageBytes, let (before, after) = rest.cut(at: "{") {
            result += before
            guard let (number, tail) = after.cut(at: "}"), let index = number.smallNumber,
                arguments.indices.contains(index)
            else {
                result += "{"
                rest = after
                continue
            }
            result += arguments[index]
            rest = tail
        }
        return result + rest
    }

    /// The place of a result. Clang adds its underlined ranges to the locations and gives the caret without an end;
    /// the caret is the place, and a range that begins there its extent.
    private func primaryPlace(_ locations: [JSON], _ collector: inout FindingCollector) -> Finding.Place? {
        guard tool == "clang" else { return locations.first.flatMap { place($0, &collector) } }
        let places = locations.prefix(8).compactMap { place($0, &collector) }
        guard var caret = places.last(where: { $0.endLine == nil }) ?? places.first else { return nil }
        if let range = places.first(where: {
            $0.endLine != nil && $0.file == caret.file && $0.line == caret.line && $0.column == caret.column
        }) {
            caret.endLine = range.endLine
            caret.endColumn = range.endColumn
        } else {
            caret.endColumn = nil
        }
        return caret
    }

    /// The function or type that a location without a file names (section 3.28.4).
    private func symbol(_ location: JSON?) -> String? {
        guard let logical = location?["logicalLocations"]?[0] else { return nil }
        let index = logical["index"]?.intValue ?? -1
        let named = index >= 0 ? run["logicalLocations"]?[index] ?? logical : logical
        let names = [logical, named].compactMap { ($0["fullyQualifiedName"] ?? $0["name"])?.stringValue }
        return names.first { !$0.isEmpty }?.shortened(toBytes: 256)
    }

    private func place(_ location: JSON, _ collector: inout FindingCollector) -> Finding.Place? {
        guard let physical = location["physicalLocation"], let artifact = physical["artifactLocation"] else {
            return nil
        }
        return place(artifact, region: physical["region"], &collector)
    }

    private func place(
        _ artifact: JSON, region: JSON?, _ collector: inout FindingCollector
    ) -> Finding.Place? {
        guard let name = uri(artifact) else { return nil }
        func number(_ key: String) -> Int? {
            region?[key]?.intValue.flatMap { (1...999_999_999).contains($0) ? $0 : nil }
        }
        let line = number("startLine")
        guard
            var place = collector.place(
                name[...], line: line ?? 0, column: number("startColumn") ?? (number("endColumn") == nil ? nil : 1),
                unit: unit)
        else { return nil }
        place.endLine = number("endLine")
        place.endColumn = number("endColumn")
        return place
    }

    /// The file's path: its URI, or the artifact's it refers to, seen from the base it names (section 3.4.4).
    private func uri(_ artifact: JSON) -> String? {
        var artifact = artifact
        if artifact["uri"] == nil, let index = artifact["index"]?.intValue,
            let location = run["artifacts"]?[index]?["location"]
        {
            artifact = location
        }
        guard let uri = artifact["uri"]?.stringValue, !uri.isEmpty else { return nil }
        if uri[...].begins("file:") { return uri }
        // A relative URI is percent-encoded like any other.
        let path = PathText.percentDecoded(uri[...], when: true)
        return based(path, on: artifact["uriBaseId"]?.stringValue)
    }

    /// Bases that may be seen from others.
    private static let mostBases = 8

    /// A path seen from a base, which may be seen from another (section 3.14.14).
    private func based(_ path: String, on base: String?) -> String {
        var path = path
        var next = base
        for _ in 0..<Self.mostBases {
            guard let name = next, let location = run["originalUriBaseIds"]?[name] else { break }
            if let uri = location["uri"]?.stringValue, !uri.isEmpty {
                let folder =
                    uri[...].begins("file:") ? PathText.fromURI(uri) : PathText.percentDecoded(uri[...], when: true)
                path = PathText.join(folder, path)
            }
            next = location["uriBaseId"]?.stringValue
        }
        return path
    }

    private func addFix(_ fix: JSON, _ collector: inout FindingCollector) {
        var edits: [Finding.Fix.Edit] = []
        for change in fix["artifactChanges"]?.arrayValue ?? [] {
            guard let artifact = change["artifactLocation"] else { return }
            for replacement in change["replacements"]?.arrayValue ?? [] {
                guard edits.count < DiagnosticLimits.fixes, let region = replacement["deletedRegion"],
                    var place = place(artifact, region: region, &collector), place.line > 0
                else { return }
                place.column = place.column ?? 1
                place.endLine = place.endLine ?? place.line
                // Without an end the region is the rest of the line (section 3.30.2).
                if place.endColumn == nil, let file = place.file.inside {
                    place.endColumn = collector.resolver.sourceLine(file, place.endLine ?? place.line).map {
                        (unit == .utf16 ? $0.utf16.count : $0.unicodeScalars.count) + 1
                    }
                }
                guard place.endColumn != nil else { return }
                let text = replacement["insertedContent"]?["text"]?.stringValue ?? ""
                guard text.utf8.count <= DiagnosticLimits.messageBytes else { return }
                edits.append(.init(place: place, newText: text))
            }
        }
        guard !edits.isEmpty else { return }
        let title = text(fix["description"], rule: nil)
        collector.attach(
            Finding.Fix(title: title.isEmpty ? "Apply the tool's fix" : title.shortened(toBytes: 256), edits: edits))
    }
}
