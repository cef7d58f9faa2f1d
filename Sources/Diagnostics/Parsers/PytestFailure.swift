import AgentProtocol

/// One failure of pytest's report, as text gives it under its heading or junit in its element.
struct PytestFailure {
    /// As the heading names it: `TestK.test_one[a]`; of a file that could not be collected, its path.
    let name: String
    /// As pytest takes it back: `tests/test_a.py::TestK::test_one[a]`. Known when the summary tells.
    var node: String?
    private let phase: String
    private var frames = PythonFrames()
    private var explanation: [Substring] = []
    private var explanationSize = 0
    private var margin = 0
    /// Whether the frames are in Python's own style: no mark tells what explains the failure.
    private var isNative = false
    /// What stands for the explanation when there is none.
    private var exception: Substring?

    /// - Parameter title: the heading; empty for a failure without one.
    init(title: Substring) {
        if let file = title.after(prefix: "ERROR collecting ") {
            (name, phase) = (String(file), "collecting")
        } else if let rest = title.after(prefix: "ERROR at "), let (phase, test) = rest.cut(at: " of ") {
            (name, self.phase) = (String(test), String(phase))
        } else {
            (name, phase) = (String(title), "")
        }
    }

    /// A failure of which the summary alone tells.
    init(node: Substring, message: Substring) {
        name = Self.name(ofNode: node)
        self.node = String(node)
        phase = ""
        exception = message.isEmpty ? nil : message
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
            // Long style indents the explanation like the code above it.
            if explanation.isEmpty { margin = text.indentation }
            explain(text.droppingBytes(min(margin, text.indentation)))
        } else if let frame = PythonFrames.nativeFrame(line) {
            frames.add(frame, &collector)
            // What came before is an exception that led to this one.
            if isNative { explanation = [] }
            isNative = true
        } else if isNative, !explanation.isEmpty || line.indentation == 0 && PythonParser.isException(line) {
            explain(line)
        } else if let located = LocatedLine(line), located.column == nil, located.rest.utf8.first == 0x20,
            located.fileExtension == "py" || located.rest.begins(" in ")
        {
            // `test_x.py:3: AssertionError` and, within the stack, `pkg/m.py:4: in g` or nothing.
            let note = located.rest.trimmed
            frames.add(
                .init(file: located.file, line: located.line, note: note.begins("in ") ? String(note) : ""),
                &collector)
        } else if line.indentation == 0, PythonParser.isException(line) || line.begins("[XPASS(strict)]") {
            exception = line.trimmed
        }
    }

    /// A line of a failure in `--tb=line`, which indents what explains it and ends with its place.
    /// - Returns: whether the failure is complete.
    mutating func readBrief(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let located = LocatedLine(line), located.fileExtension == "py", located.line > 0 {
            frames.add(.init(file: located.file, line: located.line, note: ""), &collector)
            exception = located.rest.trimmed
            return true
        }
        // Printed twice, and without a place.
        if line.begins("[XPASS(strict)]") {
            defer { exception = line.trimmed }
            return exception != nil
        }
        if line.begins("E   ") {
            read(line, &collector)
        } else if !explanation.isEmpty {
            explain(line.droppingBytes(min(4, line.indentation)))
        }
        return false
    }

    private mutating func explain(_ text: Substring) {
        guard explanationSize < DiagnosticLimits.messageBytes else { return }
        explanation.append(text)
        explanationSize += text.utf8.count + 1
    }

    func finding(_ collector: inout FindingCollector) -> Finding {
        if phase == "collecting", explanation.first?.begins("File \"") == true,
            let error = PythonSyntaxError(explanation, &collector)
        {
            // The same error stops every file that imports this one.
            return Finding(
                tool: "pytest", severity: .error, message: error.message, place: error.place,
                related: frames.own(note: "imported here"))
        }
        var (place, related) = frames.placeAndRelated
        if place == nil, let file = node.map({ $0[...].cut(at: "::")?.before ?? $0[...] }) {
            place = collector.place(file, line: 0)
        }
        let text = explanation.isEmpty ? exception.map { String($0) } ?? "failed" : explanation.joined(separator: "\n")
        let values = PythonAssertion(explanation.isEmpty ? exception.map { [$0] } ?? [] : explanation)
        let called = name.isEmpty ? node.map { Self.name(ofNode: $0[...]) } ?? "" : name
        return Finding(
            tool: "pytest", severity: .error, message: label(called) + text, place: place, related: related,
            test: Finding.Test(
                name: node ?? likelyNode(called, &collector), expected: values?.expected, actual: values?.actual,
                stack: frames.stack))
    }

    private func label(_ called: String) -> String {
        switch phase {
        case _ where called.isEmpty: ""
        case "": "\(called): "
        case "collecting": "collecting \(called): "
        default: "\(called) (\(phase)): "
        }
    }

    /// Without a summary: by the file where the failure's stack begins, when it is named like one of tests, or by the
    /// module that the name begins with, as those of junit do.
    private func likelyNode(_ called: String, _ collector: inout FindingCollector) -> String {
        guard phase != "collecting", !called.isEmpty else { return called }
        let (path, parameter) =
            called[...].find("[").map { (called[..<$0.lowerBound], called[$0.lowerBound...]) } ?? (called[...], "")
        let parts = path.utf8.split(separator: UInt8(ascii: ".")).map { String(Substring($0)) }
        for count in 1..<max(2, min(parts.count, Self.mostParts)) where count < parts.count {
            let file = parts[..<count].joined(separator: "/") + ".py"
            let found = collector.place(file[...], line: 0)
            guard let found, found.file == frames.first?.file || collector.resolver.exists(found.file) else { continue }
            return ([file] + parts[count...]).joined(separator: "::") + parameter
        }
        guard let file = frames.first?.file.inside else { return called }
        let base = file[...].utf8.split(separator: UInt8(ascii: "/")).last.map { Substring($0) } ?? ""
        guard base.begins("test_") || base.ends("_test.py") else { return called }
        return ([file] + parts).joined(separator: "::") + parameter
    }

    /// Folders of a test's module that are looked for.
    private static let mostParts = 12
}
