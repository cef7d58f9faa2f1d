import AgentProtocol

/// MSBuild and `dotnet`: `a\b.cs(3,7): error CS1002: ; expected [a.csproj]`, and the tests of `dotnet test`.
struct MSBuildParser: DiagnosticParser {
    static let name = "msbuild"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains {
            ["dotnet", "msbuild", "MSBuild.exe", "xbuild", "csc"].contains($0)
        }
    }

    private let isExpected: Bool
    /// A failed test whose message and stack follow.
    private var failure: (name: String, lines: [Substring])?

    private static let mostLines = 200

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    func mightTake(_ shape: LineShape) -> Bool {
        failure != nil || shape.has(.closed) || shape.has(.spacedColon) || shape.begins(withAnyOf: "FP")
            || shape.first == 0x20 && shape.last == UInt8(ascii: "]")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if failure != nil,
            line.begins("   ") || line.begins("  Error Message:") || line.begins("  Stack Trace:")
                || Self.isValue(line)
        {
            if (failure?.lines.count ?? 0) < Self.mostLines { failure?.lines.append(line) }
            cursor.advance()
            return true
        }
        close(&collector)
        guard takeDiagnostic(line, &collector) || takeTest(line, &collector) || takeTotals(line, &collector) else {
            return false
        }
        cursor.advance()
        return true
    }

    mutating func finish(into collector: inout FindingCollector) { close(&collector) }

    // MARK: Building

    private func takeDiagnostic(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        let text = Self.withoutNode(line.trimmed)
        let origin: Substring
        var tail: Substring
        if let (before, after) = text.cut(at: "): ") {
            (origin, tail) = (before + ")", after)
        } else if let (before, after) = text.cut(at: " : ") {
            (origin, tail) = (before, after)
        } else {
            return false
        }
        // `error CS1002: …`; the code is what tells it from the rest.
        guard let prefix = SeverityPrefix(tail), let code = prefix.code,
            prefix.kind == .error || prefix.kind == .warning,
            // TypeScript's have the same form and a parser of their own.
            isExpected || !code.hasPrefix("TS")
        else { return false }
        tail = prefix.message
        if let inner = tail.before(suffix: "]"), let open = inner.utf8.lastIndex(of: UInt8(ascii: "[")),
            inner[inner.utf8.index(after: open)...].has("proj")
        {
            tail = inner[..<open].trimmed
        }
        let place = Self.place(origin, &collector)
        if !origin.ends(")"), place == nil, !["CSC", "MSBUILD", "VBC", "FSC", "LINK", "EXEC"].contains(String(origin)) {
            return false
        }
        collector.add(
            Finding(
                tool: Self.name, severity: prefix.severity, code: code, codeURL: Self.page(code), message: String(tail),
                place: place))
        collector.endFinding()
        return true
    }

    /// Without the number of the building process: `  3>a.cs(…`.
    private static func withoutNode(_ text: Substring) -> Substring {
        let digits = text.utf8.prefix { $0.isDigit }
        guard !digits.isEmpty, let rest = text[digits.endIndex...].after(prefix: ">") else { return text }
        return rest.trimmed
    }

    /// `a.cs(3)`, `a.cs(3,7)`, `a.cs(3,7,3,9)` and, with two numbers and a dash, `a.cs(3,7-9)`; a bare name of a file.
    private static func place(_ origin: Substring, _ collector: inout FindingCollector) -> Finding.Place? {
        guard let inner = origin.before(suffix: ")"), let open = inner.utf8.lastIndex(of: UInt8(ascii: "(")) else {
            return PathText.fileExtension(String(origin)).isEmpty ? nil : collector.place(origin, line: 0)
        }
        let numbers = inner.utf8[inner.utf8.index(after: open)...].split {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "-")
        }
        .prefix(4).compactMap { Substring($0).smallNumber }
        guard let line = numbers.first,
            var place = collector.place(
                inner[..<open], line: line, column: numbers.count > 1 ? numbers[1] : nil, unit: .utf16)
        else { return nil }
        if numbers.count == 4 {
            place.endLine = numbers[2]
            place.endColumn = numbers[3]
        } else if numbers.count == 3 {
            place.endColumn = numbers[2]
        }
        return place
    }

    private static func page(_ code: String) -> String? {
        let name = code.lowercased()
        if name.hasPrefix("cs") {
            return "https://learn.microsoft.com/dotnet/csharp/language-reference/compiler-messages/\(name)"
        }
        if name.hasPrefix("ca") {
            return "https://learn.microsoft.com/dotnet/fundamentals/code-analysis/quality-rules/\(name)"
        }
        return nil
    }

    // MARK: Testing

    /// `  Failed Acme.CalcTest.Adds [12 ms]`.
    private mutating func takeTest(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let rest = line.after(prefix: "  "), rest.ends("]"), let (head, time) = rest.cut(at: " ["),
            time.has("ms]") || time.has(" s]") || time.has(" m "), let (word, name) = head.cut(at: " ")
        else { return false }
        switch String(word) {
        case "Passed": collector.test(String(name.trimmed), .passed)
        case "Skipped": collector.test(String(name.trimmed), .skipped)
        case "Failed":
            collector.test(String(name.trimmed), .failed)
            failure = (String(name.trimmed), [])
        default: return false
        }
        return true
    }

    private static func isValue(_ line: Substring) -> Bool {
        line.begins("Expected:") || line.begins("Actual:") || line.begins("  Expected:") || line.begins("  But was:")
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let failure else { return }
        self.failure = nil
        let text = failure.lines.map(\.trimmed).filter { !$0.equals("Error Message:") }
        let end = text.firstIndex { $0.equals("Stack Trace:") } ?? text.endIndex
        let message = text[..<end].joined(separator: "\n")
        let stack = StackFrames(Array(text[end...]), &collector)
        let values = AssertionText(message[...])
        collector.add(
            Finding(
                tool: "dotnet-test", severity: .error,
                message: "\(failure.name): \(message.isEmpty ? "failed" : message)", place: stack.place(&collector),
                test: Finding.Test(
                    name: failure.name, expected: values?.expected, actual: values?.actual, stack: stack.frames)))
        collector.endFinding()
    }

    /// `Failed!  - Failed:     1, Passed:     2, Skipped:     0, Total:     3, Duration: 12 ms - a.dll (net8.0)`.
    private func takeTotals(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard line.begins("Failed! ") || line.begins("Passed! "), line.has("Failed:"), line.has("Total:") else {
            return false
        }
        func number(_ label: String) -> Int {
            guard let (_, rest) = line.cut(at: label) else { return 0 }
            return Substring(rest.trimmed.utf8.prefix { $0.isDigit }).smallNumber ?? 0
        }
        collector.testTotals(passed: number(" Passed:"), failed: number(" Failed:"), skipped: number(" Skipped:"))
        return true
    }
}
