import AgentProtocol

/// Cppcheck: text, and XML of version 2 (`--xml`). Its SARIF has the parser of that.
struct CppcheckParser: DiagnosticParser {
    static let name = "cppcheck"
    static let companions: [any DiagnosticParser.Type] = [SARIFParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "cppcheck" }
    }

    private let isExpected: Bool
    private var isOpen = false

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { isOpen = false }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || shape.has(.place) || shape.first == UInt8(ascii: "<") || shape.has("%")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if line.begins("<?xml") || line.begins("<results") { return takeXML(&cursor, &collector) }
        if isExpected, line.begins("Checking ") && line.ends("...") || line.ends("% done") {
            cursor.advance()
            return true
        }
        guard let located = cursor.located(), located.rest.begins(" ") else { return false }
        return takeText(located, &cursor, &collector)
    }

    // MARK: Text

    private mutating func takeText(
        _ located: LocatedLine, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        guard let (word, text) = located.rest.trimmed.cut(at: ": ") else { return false }
        if word.equals("note"), isOpen, GCCParser.extensions.contains(located.fileExtension) {
            collector.attach(.init(place: collector.place(located), message: String(text)))
            cursor.advance()
            _ = SourceSnippet.take(&cursor, source: nil)
            return true
        }
        isOpen = false
        let (message, code) = text.cutBracketedCode()
        // A compiler's option has a dash in front; identifiers here have none at all.
        guard let code, code.utf8.allSatisfy(\.isIdentifier), let severity = Self.severity(word),
            isExpected || GCCParser.extensions.contains(located.fileExtension)
        else { return false }
        cursor.advance()
        // `nofile:0:0: information:` is about the run.
        guard located.line > 0, !located.file.equals("nofile") else { return true }
        _ = SourceSnippet.take(&cursor, source: nil)
        collector.add(
            Finding(
                tool: Self.name, severity: severity, code: code, message: String(message),
                place: collector.place(located), tags: Self.tags(code)))
        isOpen = true
        return true
    }

    private static func severity(_ word: Substring) -> Diagnostic.Severity? {
        switch String(word) {
        case "error": .error
        case "warning", "portability", "performance": .warning
        case "style", "information": .information
        default: nil
        }
    }

    private static func tags(_ code: String) -> [Diagnostic.Tag] { code.hasPrefix("unused") ? [.unnecessary] : [] }

    // MARK: XML

    private func takeXML(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) -> Bool {
        guard cursor.line.has("<results") || cursor.peek()?.has("<results") == true, cursor.chargeScanToEnd() else {
            return false
        }
        var scanner = XMLScanner(cursor.rest)
        var error: XMLScanner.Tag?
        var places: [Finding.Related] = []
        while let event = scanner.next() {
            switch event {
            case .open(let tag) where tag.name == "error":
                error = tag
                places = []
                if tag.isEmpty { error = nil }
            case .open(let tag) where tag.name == "location":
                guard places.count < DiagnosticLimits.related, let file = tag["file"] else { continue }
                func number(_ key: String) -> Int? { tag[key].flatMap { $0[...].smallNumber } }
                let place = collector.place(file[...], line: number("line") ?? 0, column: number("column"))
                if let place { places.append(.init(place: place, message: tag["info"] ?? "")) }
            case .close("error"):
                if let error { add(error, places, &collector) }
                error = nil
            case .close("results"):
                cursor.skip(to: scanner.position)
                return true
            default: break
            }
        }
        return false
    }

    private func add(_ error: XMLScanner.Tag, _ places: [Finding.Related], _ collector: inout FindingCollector) {
        let code = error["id"] ?? ""
        guard let first = places.first, let severity = Self.severity((error["severity"] ?? "")[...]) else { return }
        // It has no page for a rule; the weakness it is an example of has one.
        let url = error["cwe"].flatMap { $0[...].smallNumber }.map {
            "https://cwe.mitre.org/data/definitions/\($0).html"
        }
        collector.add(
            Finding(
                tool: Self.name, severity: severity, code: code.isEmpty ? nil : code, codeURL: url,
                message: error["msg"] ?? error["verbose"] ?? code, place: first.place,
                related: places.dropFirst().filter { !$0.message.isEmpty }, tags: Self.tags(code)))
        collector.endFinding()
    }
}
