/// The stack of a failed test, as Java, Python, JavaScript and .NET write it.
struct StackFrames {
    /// The innermost first.
    private(set) var frames: [Finding.Related] = []
    private var isPython = false

    private static let mostLines = 400

    init(_ lines: [Substring], _ collector: inout FindingCollector) {
        for line in lines.prefix(Self.mostLines) {
            guard frames.count < DiagnosticLimits.frames * 4, let frame = frame(line, &collector) else { continue }
            if !frames.contains(frame) { frames.append(frame) }
        }
        if isPython { frames.reverse() }
        frames = Array(frames.prefix(DiagnosticLimits.frames))
    }

    /// The innermost place in the workspace's own code.
    func place(_ collector: inout FindingCollector) -> Finding.Place? {
        for frame in frames {
            if let place = frame.place, collector.resolver.exists(place.file) { return place }
        }
        return frames.lazy.compactMap(\.place).first { $0.file.inside != nil }
    }

    private mutating func frame(_ line: Substring, _ collector: inout FindingCollector) -> Finding.Related? {
        if let frame = PythonFrames.nativeFrame(line) {
            isPython = true
            guard !frame.file.begins("<") else { return nil }
            return collector.place(frame.file, line: frame.line).map { .init(place: $0, message: frame.note) }
        }
        let trimmed = line.trimmed
        // Node.js opens the error's properties behind its last frame.
        let text = trimmed.before(suffix: " {") ?? trimmed
        if let rest = text.after(prefix: "at ") {
            if Self.isJava(rest) { return Self.java(rest, &collector) }
            return Self.dotnet(rest, &collector) ?? Self.javaScript(rest, &collector)
        }
        if text.ends(")"), text.has(" ("), let frame = Self.javaScript(text, &collector) { return frame }
        guard let located = LocatedLine(text) ?? LocatedLine(text + ":"), located.line > 0,
            let place = collector.place(located), collector.resolver.exists(place.file)
        else { return nil }
        return .init(place: place, message: String(located.rest.trimmed))
    }

    private static func isJava(_ text: Substring) -> Bool {
        guard let inner = text.before(suffix: ")"), let (_, file) = inner.cut(at: "(") else { return false }
        return file.equals("Native Method") || file.equals("Unknown Source")
            || ["java", "kt", "scala", "groovy"].contains(LocatedLine(file + ": ")?.fileExtension ?? "")
    }

    /// `app//com.acme.CalcTest.adds(CalcTest.java:12)`: the package is the folder.
    private static func java(_ text: Substring, _ collector: inout FindingCollector) -> Finding.Related? {
        guard let inner = text.before(suffix: ")"), let (function, file) = inner.cut(at: "("),
            let located = LocatedLine(file + ": "), !located.file.utf8.contains(UInt8(ascii: "/"))
        else { return nil }
        var name = function
        while let (_, rest) = name.cut(at: "/") { name = rest }
        let package = name.utf8.split(separator: UInt8(ascii: ".")).dropLast(2).map { String(Substring($0)) }
        let path = (package + [String(located.file)]).joined(separator: "/")
        let found =
            collector.resolver.uniqueFile(endingIn: path)
            ?? collector.resolver.uniqueFile(endingIn: String(located.file))
        guard let found else { return nil }
        return .init(place: Finding.Place(file: found, line: located.line), message: String(name))
    }

    /// `Acme.CalcTest.Adds() in /src/CalcTest.cs:line 12`.
    private static func dotnet(_ text: Substring, _ collector: inout FindingCollector) -> Finding.Related? {
        guard let (function, rest) = text.cut(at: " in "), let (file, number) = rest.cut(at: ":line "),
            let line = number.trimmed.smallNumber, let place = collector.place(file, line: line)
        else { return nil }
        return .init(place: place, message: String(function))
    }

    /// `adds (file:///src/a.test.js:3:5)`, `/src/a.js:3:5`.
    private static func javaScript(_ text: Substring, _ collector: inout FindingCollector) -> Finding.Related? {
        var (function, target): (Substring, Substring) = ("", text)
        if let inner = text.before(suffix: ")"), let (before, after) = inner.cut(at: "(") {
            (function, target) = (before.trimmed, after)
        }
        target = target.after(prefix: "async ") ?? target
        guard !target.begins("node:"), let located = LocatedLine(target + ":"), located.line > 0,
            !located.file.has("/node_modules/"), !located.file.has("("),
            let place = collector.place(located, unit: .utf16)
        else { return nil }
        return .init(place: place, message: String(function))
    }
}
