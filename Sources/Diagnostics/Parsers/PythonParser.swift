import AgentProtocol

/// An uncaught exception or a syntax error of Python:
///
///     Traceback (most recent call last):
///       File "pkg/m.py", line 6, in h
///         raise ValueError("deep")
///     ValueError: deep
struct PythonParser: DiagnosticParser {
    static let name = "python"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0.hasPrefix("python") }
    }

    /// Lines of one traceback; a recursion error prints some 2,000.
    private static let mostLines = 4096

    /// Up to here there is no end of a traceback: not to be searched again from every frame.
    private var searched: String.Index?

    init(_ setting: ParserSetting) {}

    mutating func finish(into collector: inout FindingCollector) { searched = nil }

    func mightTake(_ shape: LineShape) -> Bool {
        shape.begins(withAnyOf: "TS") || shape.isIndented && shape.start == UInt8(ascii: "F")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        if takeCompilation(&cursor, &collector) { return true }
        let isTraceback = cursor.line.equals("Traceback (most recent call last):")
        guard isTraceback || PythonFrames.nativeFrame(cursor.line) != nil else { return false }
        if let searched, cursor.position < searched { return false }
        var look = cursor
        if isTraceback { look.advance() }
        var frames = PythonFrames()
        for _ in 0..<Self.mostLines where !look.isAtEnd {
            let line = look.line
            if line.indentation > 0 || line.isBlank {
                if let frame = PythonFrames.nativeFrame(line) { frames.add(frame, &collector) }
                look.advance()
                continue
            }
            // The exception's own line ends the traceback.
            guard Self.isException(line) else { break }
            look.advance()
            let last = PythonSyntaxError.isName(line) ? Self.lines(from: cursor, to: look) : []
            cursor = look
            var (place, related) = frames.placeAndRelated
            if let error = PythonSyntaxError(last, &collector), error.place.file == place?.file { place = error.place }
            collector.add(
                Finding(
                    tool: "python", severity: .error, message: String(line.trimmed), place: place, related: related))
            collector.endFinding()
            return true
        }
        searched = look.position
        return false
    }

    /// `Sorry: IndentationError: unexpected indent (indent.py, line 3)`, of `py_compile`.
    private func takeCompilation(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) -> Bool {
        guard let error = cursor.line.after(prefix: "Sorry: "), PythonSyntaxError.isName(error),
            let inner = error.before(suffix: ")"), let open = inner.utf8.lastIndex(of: UInt8(ascii: "(")),
            let (file, number) = inner[inner.utf8.index(after: open)...].cut(at: ", line "),
            let line = number.smallNumber
        else { return false }
        cursor.advance()
        collector.add(
            Finding(
                tool: "python", severity: .error, message: String(inner[..<open].trimmed),
                place: collector.place(file, line: line)))
        collector.endFinding()
        return true
    }

    /// The last lines of a traceback: those of a syntax error are three or four.
    private static func lines(from start: OutputCursor, to end: OutputCursor) -> [Substring] {
        var lines: [Substring] = []
        var cursor = start
        while cursor.position < end.position {
            lines.append(cursor.line)
            if lines.count > 8 { lines.removeFirst() }
            cursor.advance()
        }
        return lines
    }

    /// `ValueError: deep`, `KeyboardInterrupt`, `pkg.errors.Bad: text`.
    static func isException(_ line: Substring) -> Bool {
        let name = line.utf8.prefix { $0.isIdentifier || $0 == UInt8(ascii: ".") }
        let rest = Substring(line.utf8[name.endIndex...])
        return name.first?.isLetter == true && (rest.isEmpty || rest.begins(": ") || rest.equals(":"))
    }
}
