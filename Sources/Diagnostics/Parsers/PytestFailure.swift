import AgentProtocol

/// One failure of pytest's report, as text gives it under its heading or junit in its element.
struct PytestFailure {
    /// As the summary names it: `TestK.test_one[a]`; of a file that could not be collected, its path.
    let name: String
    private let label: String
    private var frames = PythonFrames()
    private var explanation: [Substring] = []
    private var explanationSize = 0
    private var margin = 0
    /// The exception's own line in native style.
    private var exception: Substring?

    init(title: Substring) {
        if let file = title.after(prefix: "ERROR collecting ") {
            (name, label) = (String(file), "collecting \(file)")
        } else if let rest = title.after(prefix: "ERROR at "), let (phase, test) = rest.cut(at: " of ") {
            (name, label) = (String(test), "\(test) (\(phase))")
        } else {
            (name, label) = (String(title), String(title))
        }
    }

    /// A node's name as headings have it: `t.py::TestK::test_one` → `TestK.test_one`.
    static func name(ofNode id: Substring) -> String {
        guard let (_, rest) = id.cut(at: "::") else { return String(id) }
        // Within brackets stands a parameter, whose text stays.
        let (path, parameter) = rest.find("[").map { (rest[..<$0.lowerBound], rest[$0.lowerBound...]) } ?? (rest, "")
        var name = ""
        var tail = path
        while let (before, after) = tail.cut(at: "::") {
            name += before + "."
            tail = after
        }
        return name + tail + parameter
    }

    mutating func read(_ line: Substring, _ collector: inout FindingCollector) {
        if let text = line.after(prefix: "E   ") ?? (line.equals("E") ? "" : nil) {
            guard explanationSize < DiagnosticLimits.messageBytes else { return }
            // Long style indents the explanation like the code above it.
            if explanation.isEmpty { margin = text.indentation }
            explanation.append(text.droppingBytes(min(margin, text.indentation)))
            explanationSize += text.utf8.count + 1
        } else if let frame = PythonFrames.nativeFrame(line) {
            frames.add(frame, &collector)
        } else if let located = LocatedLine(line), located.column == nil, located.rest.utf8.first == 0x20,
            located.fileExtension == "py" || located.rest.begins(" in ")
        {
            // `test_x.py:3: AssertionError` and, within the stack, `pkg/m.py:4: in g` or nothing.
            let note = located.rest.trimmed
            frames.add(
                .init(file: located.file, line: located.line, note: note.begins("in ") ? String(note) : ""),
                &collector)
        } else if line.indentation == 0, PythonParser.isException(line) {
            exception = line
        }
    }

    var finding: Finding {
        let (place, related) = frames.placeAndRelated
        let text = explanation.isEmpty ? exception.map { String($0) } ?? "failed" : explanation.joined(separator: "\n")
        return Finding(
            tool: "pytest", severity: .error, message: "\(label): \(text)", place: place, related: related)
    }
}
