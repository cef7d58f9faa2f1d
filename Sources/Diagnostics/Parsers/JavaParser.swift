import AgentProtocol

/// `javac`, its text and its raw form (`-XDrawDiagnostics`):
///
///     src/Bad.java:11: error: cannot find symbol
///             return nmae;
///                    ^
///       symbol:   variable nmae
///       location: class Bad
struct JavaParser: DiagnosticParser {
    static let name = "javac"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "javac" || $0 == "ecj" || $0 == "ant" }
            || MavenParser.recognises(command: command) || GradleParser.recognises(command: command)
    }

    private let isExpected: Bool
    /// Whether the compiler has said something in this stream, for its totals to be known.
    private var hasSpoken = false

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { hasSpoken = false }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || shape.has(.place) || hasSpoken && (shape.first == UInt8(ascii: "N") || shape.first.isDigit)
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = Self.withoutTask(cursor.line)
        let located = line.startIndex == cursor.line.startIndex ? cursor.located() : LocatedLine(line)
        if let located, located.fileExtension == "java", located.line > 0 {
            return takeRaw(located, &cursor, &collector) || takeLocated(located, &cursor, &collector)
        }
        guard takeUnlocated(line, &collector) || isRemark(line) else { return false }
        cursor.advance()
        return true
    }

    /// Gradle up to version 4 prints a task's name and no line break: `:compileJava/src/A.java:5: error: …`.
    private static func withoutTask(_ line: Substring) -> Substring {
        guard line.utf8.first == UInt8(ascii: ":"), let slash = line.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return line
        }
        return line[slash...]
    }

    private mutating func takeLocated(
        _ located: LocatedLine, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        guard located.column == nil, let prefix = SeverityPrefix(located.rest), prefix.code == nil,
            !prefix.message.isEmpty, var place = Self.place(located, &collector)
        else { return false }
        cursor.advance()
        if let mark = cursor.peek(), let column = Self.caret(mark), Self.caret(cursor.line) == nil {
            place.column = column
            place.unit = .utf16
            cursor.advance()
            cursor.advance()
        }
        var message = JavaMessage(prefix.message)
        while !cursor.isAtEnd, cursor.line.begins("  "), !cursor.line.isBlank, message.take(cursor.line) {
            cursor.advance()
        }
        collector.add(message.finding(prefix.severity, place: place))
        collector.endFinding()
        hasSpoken = true
        return true
    }

    /// `Bad.java:4:17: compiler.err.cant.resolve.location: kindname.class, Missing, …`: the same in every language.
    private mutating func takeRaw(
        _ located: LocatedLine, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) -> Bool {
        guard located.column != nil, let rest = located.rest.trimmed.after(prefix: "compiler."),
            let (kind, tail) = rest.cut(at: "."), ["err", "warn", "note"].contains(String(kind)),
            var place = Self.place(located, &collector)
        else { return false }
        place.unit = .utf16
        let (code, arguments) = tail.cut(at: ": ") ?? (tail, "")
        let severity: Diagnostic.Severity =
            kind.equals("err") ? .error : kind.equals("warn") ? .warning : .information
        collector.add(
            Finding(
                tool: "javac", severity: severity, code: String(code),
                message: arguments.isEmpty ? String(code) : "\(code): \(arguments)", place: place))
        collector.endFinding()
        cursor.advance()
        hasSpoken = true
        return true
    }

    /// Raw diagnostics name the file by its last component.
    private static func place(_ located: LocatedLine, _ collector: inout FindingCollector) -> Finding.Place? {
        guard var place = collector.place(located) else { return nil }
        if !collector.resolver.exists(place.file), !located.file.utf8.contains(UInt8(ascii: "/")),
            let only = collector.resolver.uniqueFile(endingIn: String(located.file))
        {
            place.file = only
        }
        return place
    }

    /// The column, in characters of the line above, of a line with nothing but a caret.
    private static func caret(_ line: Substring) -> Int? {
        line.trimmed.equals("^") ? line.indentation + 1 : nil
    }

    /// `error: file not found: X.java`, `warning: [options] bootstrap class path not set`.
    private mutating func takeUnlocated(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        // The virtual machine's own warnings are in capitals.
        guard isExpected, line.begins("error: ") || line.begins("warning: "), let prefix = SeverityPrefix(line),
            !prefix.message.isEmpty
        else { return false }
        collector.add(
            JavaMessage(prefix.message).finding(
                prefix.severity, place: nil, isSummary: prefix.message.equals("compilation failed")))
        collector.endFinding()
        hasSpoken = true
        return true
    }

    /// `8 errors`, `Note: A.java uses unchecked or unsafe operations.`
    private func isRemark(_ line: Substring) -> Bool {
        guard isExpected || hasSpoken else { return false }
        if line.begins("Note: ") {
            return line.has(".java") || line.has("Recompile with") || line.has("Some input files")
                || line.has("Some messages")
        }
        guard let (count, word) = line.cut(at: " "), count.smallNumber != nil else { return false }
        return ["error", "errors", "warning", "warnings"].contains(String(word))
    }
}

/// A message of javac with the lines that explain it.
struct JavaMessage {
    private var text: String
    private var details: [Substring] = []
    private var code: String?

    private static let mostDetails = 40

    /// - Parameter text: `[unchecked] unchecked call to add(E)`: in front the name of the lint that warns.
    init(_ text: Substring) {
        self.text = String(text)
        if let inner = text.after(prefix: "["), let (name, rest) = inner.cut(at: "] "), name.utf8.count <= 40,
            name.utf8.allSatisfy({ $0.isLetter || $0 == UInt8(ascii: "-") })
        {
            code = String(name)
            self.text = String(rest)
        }
    }

    /// Adds a line below the code; false when it has enough of them.
    mutating func take(_ line: Substring) -> Bool {
        guard details.count < Self.mostDetails else { return false }
        details.append(line)
        return true
    }

    /// The symbol that was not found joins the first line, which tells findings apart.
    func finding(
        _ severity: Diagnostic.Severity, place: Finding.Place?, tool: String = "javac", isSummary: Bool = false
    ) -> Finding {
        var lines = details.map(\.trimmed)
        var message = text
        if message == "cannot find symbol", let symbol = lines.first?.after(prefix: "symbol:") {
            message += ": " + symbol.trimmed
            lines.removeFirst()
        }
        for line in lines { message += "\n" + line }
        let isDeprecated = ["deprecation", "removal", "dep-ann"].contains(code ?? "")
        return Finding(
            tool: tool, severity: severity, code: code, message: message, place: place,
            tags: isDeprecated ? [.deprecated] : [], isSummary: isSummary)
    }
}
