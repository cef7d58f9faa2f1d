import AgentProtocol
import JSON

/// GCC and Clang: text, and GCC's `-fdiagnostics-format=json`. (Clang's and newer GCCs' SARIF has its own parser.)
struct GCCParser: DiagnosticParser {
    static let name = "gcc"
    static let companions: [any DiagnosticParser.Type] = [LinkerParser.self, SARIFParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { CompilerName($0) != nil }
    }

    let isExpected: Bool
    let family: OutputSurvey.CompilerFamily
    let isCxxDriver: Bool
    /// `In file included from` lines that wait for their message.
    var includes: [Finding.Related] = []
    /// `required from here` lines that wait for their message.
    var contexts: [Finding.Related] = []
    /// The includes of a file, which gcc tells once.
    private var includesByFile: [FoundPath: [Finding.Related]] = [:]
    /// Whether fixes and notes belong to a finding of this parser.
    var isOpen = false

    static let mostRememberedFiles = 256

    init(_ setting: ParserSetting) {
        isExpected = setting.isExpected
        let named = setting.programs.lazy.compactMap { CompilerName($0) }.first
        let ofSwift: OutputSurvey.CompilerFamily? = setting.programs.contains { $0.hasPrefix("swift") } ? .clang : nil
        family = named?.family ?? setting.survey.compiler ?? ofSwift ?? .gcc
        isCxxDriver = named?.isCxx ?? false
    }

    func mightTake(_ shape: LineShape) -> Bool {
        !includes.isEmpty || shape.has(.place) || shape.has(.colon) || shape.opensJSON || shape.begins(withAnyOf: "If")
            || shape.last == UInt8(ascii: ".")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if line.begins("[") { return takeJSON(&cursor, &collector) }
        if takeInclude(line, &collector) || GCCContextLine(line) != nil || isClosing(line) || takeFix(line, &collector)
        {
            cursor.advance()
            return true
        }
        if let located = cursor.located() { return takeLocated(located, &cursor, &collector) }
        return takeDriver(line, &cursor, &collector)
    }

    mutating func finish(into collector: inout FindingCollector) {
        (includes, contexts, isOpen) = ([], [], false)
    }

    /// `gcc`, `g++` or `clang` for a finding in a file.
    func tool(for file: FoundPath?) -> String {
        if family == .clang { return "clang" }
        // A header is C++ when the file that includes it is.
        let files = [file] + (contexts + includes).map { $0.place?.file }
        return isCxxDriver || files.contains { $0.map(Self.isCxx) == true } ? "g++" : "gcc"
    }

    private static func isCxx(_ file: FoundPath) -> Bool {
        switch file {
        case .inside(let path), .outside(let path):
            cxxExtensions.contains(PathText.fileExtension(path)) || path[...].has("/c++/")
        }
    }

    static let cxxExtensions: Set<String> = ["cc", "cp", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "ipp", "tcc"]
    static let extensions: Set<String> = cxxExtensions.union([
        "c", "h", "m", "mm", "i", "ii", "inc", "def", "s", "sx", "cu", "f", "for", "f90", "f95", "f03", "f08", "ads",
        "adb", "d", "inl", "y", "l",
    ])

    // MARK: Text

    /// `In file included from b.c:1:` and `                 from c.c:2,`.
    private mutating func takeInclude(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        var rest: Substring
        if let text = line.after(prefix: "In file included from ") {
            includes = []
            rest = text
        } else if !includes.isEmpty, line.indentation > 8, let text = line.trimmed.after(prefix: "from ") {
            rest = text
        } else {
            return false
        }
        rest = rest.before(suffix: ",") ?? rest.before(suffix: ":") ?? rest
        guard let located = LocatedLine(rest + ": ") else { return false }
        if includes.count < DiagnosticLimits.related {
            includes.append(.init(place: collector.place(located, unit: unit), message: "included from here"))
        }
        return true
    }

    private var unit: ColumnUnit { family == .gcc ? .cells : .bytes }

    private mutating func takeLocated(
        _ located: LocatedLine, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        if located.rest.begins("  "), isContext(located.rest.trimmed) {
            if contexts.count < DiagnosticLimits.related {
                contexts.append(
                    .init(place: collector.place(located, unit: unit), message: String(located.rest.trimmed)))
            }
            cursor.advance()
            return true
        }
        guard let prefix = SeverityPrefix(located.rest), isSource(located),
            var place = collector.place(located, unit: unit)
        else { return false }
        cursor.advance()
        let source = sourceOf(place, collector)
        place.cells = SourceSnippet.take(&cursor, source: source).cells
        let (message, code) = prefix.message.cutBracketedCode()
        if prefix.kind == .note, isOpen, collector.hasCurrent {
            collector.attach(Finding.Related(place: place, message: String(message)))
            (includes, contexts) = ([], [])
            return true
        }
        add(prefix, message: String(message), code: code.map(Self.ruleName), place: place, &collector)
        return true
    }

    private func sourceOf(_ place: Finding.Place, _ collector: FindingCollector) -> String? {
        place.file.inside.flatMap { collector.resolver.sourceLine($0, place.line) }
    }

    private mutating func add(
        _ prefix: SeverityPrefix, message: String, code: String?, place: Finding.Place,
        _ collector: inout FindingCollector
    ) {
        if includes.isEmpty {
            includes = includesByFile[place.file] ?? []
        } else if includesByFile.count < Self.mostRememberedFiles {
            includesByFile[place.file] = includes
        }
        collector.add(
            Finding(
                tool: tool(for: place.file), severity: prefix.severity, code: code, codeURL: page(code),
                message: message, place: place, related: contexts, includes: includes, tags: Self.tags(code)))
        (includes, contexts, isOpen) = ([], [], true)
    }

    /// Where the compiler's manual explains a warning's option.
    private func page(_ code: String?) -> String? {
        guard let code, let name = code[...].after(prefix: "-W") else { return nil }
        let option = name.after(prefix: "error=") ?? name
        if family == .clang { return "https://clang.llvm.org/docs/DiagnosticsReference.html#w\(option)" }
        let index = option.cut(at: "=")?.before ?? option
        return "https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html#index-W\(index)"
    }

    private static func tags(_ code: String?) -> [Diagnostic.Tag] {
        guard let code else { return [] }
        if code.hasPrefix("-Wunused") || code.hasPrefix("-Werror=unused") { return [.unnecessary] }
        return code.hasPrefix("-Wdeprecated") || code.hasPrefix("-Werror=deprecated") ? [.deprecated] : []
    }

    /// Clang writes `[-Werror,-Wunused-variable]`.
    private static func ruleName(_ code: String) -> String {
        code[...].after(prefix: "-Werror,").map { String($0) } ?? code
    }

    private func isContext(_ text: Substring) -> Bool {
        ["required ", "recursively required", "in ‘constexpr’", "in 'constexpr'", "[ skipping "].contains {
            text.begins($0)
        }
    }

    /// Whether the file is one that a C compiler speaks about, so that other tools' lines are left to their parsers.
    private func isSource(_ located: LocatedLine) -> Bool {
        let suffix = located.fileExtension
        if Self.extensions.contains(suffix) { return true }
        // Standard C++ headers have no extension.
        return suffix.isEmpty && located.file.has("/c++/") || isExpected && suffix != "swift"
    }

    private func isClosing(_ line: Substring) -> Bool {
        if line.equals("compilation terminated.") || line.ends(" warnings being treated as errors") { return true }
        return line.ends(" generated.") && line.utf8.first?.isDigit == true
            && (line.has(" error") || line.has(" warning"))
    }

    /// `gcc: fatal error: no input files`, `cc1: error: …`.
    private mutating func takeDriver(
        _ line: Substring, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        guard let (program, rest) = line.cut(at: ": "), program.utf8.count <= 64,
            let name = CompilerName(CommandWords.baseName(String(program))), let prefix = SeverityPrefix(rest)
        else { return false }
        cursor.advance()
        let (message, code) = prefix.message.cutBracketedCode()
        if prefix.kind == .note, isOpen, collector.hasCurrent {
            collector.attach(Finding.Related(place: nil, message: String(message)))
            return true
        }
        let isSummary = message.begins("linker command failed") || message.begins("ld returned")
        collector.add(
            Finding(
                tool: name.family == .clang ? "clang" : name.isCxx || isCxxDriver ? "g++" : "gcc",
                severity: prefix.severity, code: code, message: String(message), place: nil, isSummary: isSummary))
        isOpen = true
        return true
    }
}
