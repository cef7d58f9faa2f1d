import AgentProtocol

/// clang-tidy's text: Clang's form with the check in brackets.
struct ClangTidyParser: DiagnosticParser {
    static let name = "clang-tidy"
    static let companions: [any DiagnosticParser.Type] = [GCCParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0.hasPrefix("clang-tidy") || $0.hasPrefix("run-clang-tidy") }
    }

    private let isExpected: Bool
    /// The message that notes belong to, which some notes repeat.
    private var last: String?

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { last = nil }

    func mightTake(_ shape: LineShape) -> Bool { isExpected || shape.has(.place) }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard let located = cursor.located(), let prefix = SeverityPrefix(located.rest) else {
            guard isClosing(line) else { return false }
            cursor.advance()
            return true
        }
        if prefix.kind == .note {
            guard let last, let place = collector.place(located) else { return false }
            cursor.advance()
            _ = SourceSnippet.take(&cursor, source: nil)
            if !prefix.message.equals(last) {
                collector.attach(.init(place: place, message: String(prefix.message)))
            }
            return true
        }
        last = nil
        let (message, bracketed) = prefix.message.cutBracketedCode()
        guard let check = bracketed.flatMap({ Self.check($0) }), var place = collector.place(located) else {
            return false
        }
        cursor.advance()
        place.cells = SourceSnippet.take(&cursor, source: nil).cells
        collector.add(
            Finding(
                tool: Self.name, severity: prefix.severity, code: check, codeURL: Self.page(check),
                message: String(message), place: place, tags: Self.tags(check)))
        last = String(message)
        return true
    }

    /// The groups that checks are named by.
    private static let groups: Set<String> = [
        "abseil", "altera", "android", "boost", "bugprone", "cert", "clang", "concurrency", "cppcoreguidelines",
        "darwin", "fuchsia", "google", "hicpp", "linuxkernel", "llvm", "llvmlibc", "misc", "modernize", "mpi", "objc",
        "openmp", "performance", "portability", "readability", "zircon",
    ]

    /// The check of `[bugprone-x,-warnings-as-errors]` and of `[cert-a,bugprone-b]`; nil for a compiler's option.
    private static func check(_ code: String) -> String? {
        let first = code[...].cut(at: ",")?.before ?? code[...]
        guard let (group, _) = first.cut(at: "-"), groups.contains(String(group)) else { return nil }
        return String(first)
    }

    /// The check's page; a compiler's warning is in Clang's list of them.
    private static func page(_ check: String) -> String? {
        if let option = check[...].after(prefix: "clang-diagnostic-") {
            return option.equals("error") ? nil : "https://clang.llvm.org/docs/DiagnosticsReference.html#w\(option)"
        }
        let group = check.hasPrefix("clang-analyzer-") ? "clang-analyzer" : String(check.prefix { $0 != "-" })
        guard let rest = check[...].after(prefix: group + "-") else { return nil }
        return "https://clang.llvm.org/extra/clang-tidy/checks/\(group)/\(rest).html"
    }

    private static func tags(_ check: String) -> [Diagnostic.Tag] {
        if check.hasPrefix("clang-diagnostic-unused") || check.hasPrefix("misc-unused") { return [.unnecessary] }
        return check.hasPrefix("clang-diagnostic-deprecated") || check.hasPrefix("modernize-deprecated")
            ? [.deprecated] : []
    }

    private func isClosing(_ line: Substring) -> Bool {
        guard isExpected else { return false }
        return line.begins("Suppressed ") && line.has(" warning") || line.begins("Use -header-filter=")
            || line.ends(" generated.") && line.utf8.first?.isDigit == true
            || line.begins("Error while processing ") || line.ends(" treated as errors")
    }
}
