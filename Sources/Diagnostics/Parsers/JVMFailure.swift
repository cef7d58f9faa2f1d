import AgentProtocol

/// A failed test of Java or Kotlin, as Maven and Gradle print it: the exception, its message, the stack.
struct JVMFailure {
    /// As the runner takes it back.
    let name: String
    private var message: [Substring] = []
    private var stack: [Substring] = []

    private static let mostMessageLines = 60
    private static let mostFrames = 200

    init(name: String) { self.name = name }

    /// False when the lines are so many that they are hardly the failure's.
    mutating func take(_ line: Substring) -> Bool {
        if !stack.isEmpty || line.trimmed.begins("at ") {
            guard stack.count < Self.mostFrames else { return false }
            stack.append(line)
        } else {
            guard message.count < Self.mostMessageLines else { return false }
            message.append(message.isEmpty ? line.trimmed : line)
        }
        return true
    }

    func finding(_ tool: String, _ collector: inout FindingCollector) -> Finding {
        let frames = StackFrames(stack, &collector)
        var text = message.joined(separator: "\n")
        var place = frames.place(&collector)
        // Gradle's short form: `java.lang.AssertionError at CalcTest.java:11`.
        if place == nil, stack.isEmpty, let (what, at) = text[...].cut(at: " at "),
            let located = LocatedLine(at + ":"),
            let file = collector.resolver.uniqueFile(endingIn: String(located.file))
        {
            place = Finding.Place(file: file, line: located.line)
            text = String(what)
        }
        let values = AssertionText(text[...])
        return Finding(
            tool: tool, severity: .error, message: "\(name): \(text.isEmpty ? "failed" : text)", place: place,
            test: Finding.Test(
                name: name, expected: values?.expected, actual: values?.actual, stack: frames.frames))
    }
}
