import AgentProtocol

/// `rustc` and `cargo build`, `check`, `clippy` as text. The JSON has a parser of its own, `CargoParser`.
///
///     error[E0308]: mismatched types
///      --> src/lib.rs:2:30
///       |
///     2 | pub fn f(a: i32) -> String { a }
///       |                              ^ expected `String`, found `i32`
///       = note: …
struct RustParser: DiagnosticParser {
    static let name = "rust"
    static let companions: [any DiagnosticParser.Type] = [CargoParser.self, CargoTestParser.self, LinkerParser.self]

    static func recognises(command: [String]) -> Bool { isRust(command) }

    static func isRust(_ command: [String]) -> Bool {
        CommandWords.programs(of: command).contains {
            $0 == "cargo" || $0 == "rustc" || $0 == "cross" || $0.hasPrefix("cargo-") || $0 == "clippy-driver"
        }
    }

    private let isExpected: Bool

    /// Lines of one diagnostic; macro backtraces are the longest.
    private static let mostLines = 512

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    func mightTake(_ shape: LineShape) -> Bool { isExpected || shape.begins(withAnyOf: "ewnh") }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if let header = RustHeader(line) {
            let arrow = cursor.peek().flatMap { RustArrow($0) }
            if arrow != nil || isExpected {
                takeDiagnostic(header, &cursor, &collector)
                return true
            }
            return false
        }
        guard isExpected, Self.isProgress(line) else { return false }
        cursor.advance()
        return true
    }

    private func takeDiagnostic(
        _ header: RustHeader, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) {
        cursor.advance()
        var finding = Finding(
            tool: header.tool, severity: header.severity, code: header.code,
            codeURL: header.code.flatMap { RustCode.url($0) }, message: String(header.message), place: nil)
        var related: [Finding.Related] = []
        /// The words that the next arrow belongs to; nil: the diagnostic's own.
        var note: Substring?
        var carets: RustCarets?
        for _ in 0..<Self.mostLines where !cursor.isAtEnd {
            let line = cursor.line
            if line.isBlank || RustHeader(line) != nil && RustHeader(line)?.isNote == false { break }
            if let arrow = RustArrow(line) {
                let place = collector.place(arrow.file, line: arrow.line, column: arrow.column, unit: .scalars)
                if let words = note {
                    related.append(Finding.Related(place: place, message: String(words)))
                    note = nil
                } else if finding.place == nil {
                    finding.place = place
                    carets = RustCarets(line: arrow.line)
                }
            } else if let words = RustHeader.noteWords(line) {
                if let open = note { related.append(Finding.Related(place: nil, message: String(open))) }
                note = words
            } else if let words = line.trimmed.after(prefix: "= ") {
                if let group = RustCode.lintGroup(words) {
                    if finding.code == nil { (finding.code, finding.codeURL) = (group, RustCode.url(group)) }
                } else {
                    related.append(Finding.Related(place: nil, message: String(words)))
                }
            } else if !RustSnippet.isPart(line) {
                break
            } else {
                carets?.read(line)
            }
            cursor.advance()
        }
        if let open = note { related.append(Finding.Related(place: nil, message: String(open))) }
        finding.place?.cells = carets?.cells
        if let label = carets?.label, finding.message.utf8.count + label.utf8.count < 400 {
            finding.message += ": " + label
        }
        finding.tags = RustCode.tags(finding.code)
        finding.isSummary = finding.place == nil && header.isSummary
        guard !header.isSummary || header.severity == .error else { return }
        collector.add(finding)
        for one in related { collector.attach(one) }
        collector.endFinding()
    }

    /// Lines of cargo about its own work: a verb right-aligned in twelve columns.
    private static func isProgress(_ line: Substring) -> Bool {
        let words = [
            "Compiling", "Checking", "Finished", "Running", "Doc-tests", "Updating", "Downloading", "Downloaded",
            "Locking", "Adding", "Fresh", "Blocking", "Building", "Dirty", "Executable", "Nextest",
        ]
        if line.indentation > 0 {
            let text = line.trimmed
            return words.contains { text.begins($0 + " ") }
        }
        return line.begins("Some errors have detailed explanations: ")
            || line.begins("For more information about ")
    }
}

/// `error[E0308]: mismatched types`, at the beginning of a line.
struct RustHeader {
    var severity: Diagnostic.Severity
    var code: String?
    var message: Substring
    /// A note or help, which belongs to what came before.
    var isNote = false

    private static let words: [(String, Diagnostic.Severity)] = [
        ("error", .error), ("warning", .warning), ("note", .information), ("help", .hint),
    ]

    init?(_ line: Substring) {
        guard let (word, severity) = Self.words.first(where: { line.begins($0.0) }) else { return nil }
        var rest = line.droppingBytes(word.utf8.count)
        if let inner = rest.after(prefix: "["), let (code, after) = inner.cut(at: "]") {
            guard (1...64).contains(code.utf8.count), !code.has(" ") else { return nil }
            self.code = String(code)
            rest = after
        }
        guard let message = rest.after(prefix: ": "), !message.isBlank else { return nil }
        self.severity = severity
        self.message = message.trimmed
        isNote = severity == .information || severity == .hint
    }

    /// Only says how many there were, or that it could not go on.
    var isSummary: Bool {
        message.begins("could not compile ") || message.begins("aborting due to ")
            || message.begins("test failed, to rerun ") || message.begins("doctest failed, to rerun ")
            || message.begins("build failed") || message.begins("`") && message.has("generated ")
            || message.has(" warnings emitted") || message.has(" warning emitted")
            || message.has(" target failed:") || message.has(" targets failed:")
    }

    var tool: String { code?[...].begins("clippy::") == true ? "clippy" : "rustc" }

    static func noteWords(_ line: Substring) -> Substring? {
        guard let header = RustHeader(line), header.isNote else { return nil }
        return header.message
    }
}

/// ` --> src/lib.rs:2:30`.
struct RustArrow {
    var file: Substring
    var line: Int
    var column: Int?

    /// Whether a line that begins so may hold one.
    static func mayBegin(with byte: UInt8) -> Bool {
        byte == 0x20 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
    }

    init?(_ text: Substring) {
        guard text.utf8.first == 0x20 || text.begins("-->") || text.begins(":::"),
            let rest = text.trimmed.after(prefix: "--> ") ?? text.trimmed.after(prefix: "::: "),
            let located = LocatedLine(rest + ":")
        else { return nil }
        file = located.file
        line = located.line
        column = located.column
    }
}

/// Source lines as rustc, and ruff after it, quote them.
enum RustSnippet {
    /// `   |`, `12 | source`, `...`, and of a proposed change `12 + source`, `   - source`.
    static func isPart(_ line: Substring) -> Bool {
        let text = line.trimmed
        if text.begins("|") || text.equals("...") { return true }
        if line.utf8.first == 0x20, text.begins("- ") || text.begins("+ ") || text.equals("-") || text.equals("+") {
            return true
        }
        let digits = text.utf8.prefix { $0.isDigit }
        guard !digits.isEmpty else { return line.begins("help: ") }
        let rest = Substring(text.utf8[digits.endIndex...]).trimmed
        return rest.begins("|") || rest.begins("~") || rest.begins("+") || rest.begins("-")
    }
}

/// The underlined part of the source lines that rustc quotes.
private struct RustCarets {
    /// The line that the arrow names.
    let line: Int
    private var isThere = false
    private(set) var cells: Int?
    private(set) var label: String?

    init(line: Int) { self.line = line }

    mutating func read(_ text: Substring) {
        let text = text.trimmed
        let digits = text.utf8.prefix { $0.isDigit }
        if let number = Substring(digits).smallNumber {
            isThere = number == line
            return
        }
        guard isThere, cells == nil, let first = text.utf8.firstIndex(of: UInt8(ascii: "^")) else { return }
        let carets = text.utf8[first...].prefix { $0 == UInt8(ascii: "^") }
        cells = carets.count
        let rest = Substring(text.utf8[carets.endIndex...]).trimmed
        if !rest.isEmpty, !rest.has("^"), !rest.begins("-"), !rest.begins("|") { label = String(rest) }
    }
}

/// Names of rustc's errors and of lints.
enum RustCode {
    static func url(_ code: String) -> String? {
        let text = code[...]
        if text.utf8.count == 5, text.begins("E"), text.droppingBytes(1).smallNumber != nil {
            return "https://doc.rust-lang.org/error_codes/\(code).html"
        }
        if let lint = text.after(prefix: "clippy::"), lint.utf8.allSatisfy({ $0.isIdentifier }) {
            return "https://rust-lang.github.io/rust-clippy/master/index.html#\(lint)"
        }
        return nil
    }

    static func tags(_ code: String?) -> [Diagnostic.Tag] {
        guard let code else { return [] }
        if code == "deprecated" { return [.deprecated] }
        return code.hasPrefix("unused") || ["dead_code", "unreachable_code", "redundant_imports"].contains(code)
            ? [.unnecessary] : []
    }

    /// The lint in `note: `#[warn(unused_variables)]` (part of …) on by default`.
    static func lintGroup(_ words: Substring) -> String? {
        guard let rest = words.after(prefix: "note: `#["), let (_, after) = rest.cut(at: "("),
            let (name, tail) = after.cut(at: ")"), tail.has("on by default") || tail.equals("]`")
        else { return nil }
        return name.utf8.allSatisfy { $0.isIdentifier || $0 == UInt8(ascii: ":") } ? String(name) : nil
    }
}
