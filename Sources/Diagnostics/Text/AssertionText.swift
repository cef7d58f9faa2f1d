/// What an assertion wanted and what it got, out of the many wordings of test libraries.
struct AssertionText: Equatable {
    var expected: String
    var actual: String

    /// Lines that are looked at.
    private static let mostLines = 60

    /// Reads a failure's message; nil when it names no two values.
    init?(_ message: Substring) {
        let text = message.limited(toBytes: DiagnosticLimits.messageBytes)
        guard let values = Self.inline(text) ?? Self.lines(text) else { return nil }
        (expected, actual) = values
    }

    /// The words before the first value, between both and behind the second; whether the expected one comes first.
    private static let wordings: [(before: String, between: String, after: String, expectedFirst: Bool)] = [
        ("expected:<", "> but was:<", ">", true),  // JUnit 4
        ("expected: <", "> but was: <", ">", true),  // JUnit 5
        ("expected [", "] but found [", "]", true),  // TestNG
        ("Expected: <", ">\n     but: was <", ">", true),  // Hamcrest
        ("expected ", ", got ", "\n", true),
        ("expected ", ", but got ", "\n", true),
        ("Expected ", ", got ", "\n", true),
        ("expected ", " to equal ", "\n", false),  // Chai
        ("expected ", " to deeply equal ", "\n", false),
        ("expected ", " to be ", "\n", false),
    ]

    private static func inline(_ text: Substring) -> (String, String)? {
        for wording in wordings {
            guard let (_, rest) = text.cut(at: wording.before), let (first, tail) = rest.cut(at: wording.between) else {
                continue
            }
            // The last closing mark of a value that is in marks, as it may hold some itself.
            let line = wording.after == "\n" ? tail.cut(at: "\n")?.before ?? tail : tail
            let second =
                wording.after == "\n"
                ? line : line.utf8.lastIndex(of: wording.after.utf8.first ?? 0).map { line[..<$0] } ?? line
            guard !first.utf8.contains(0x0A) || wording.after != "\n" else { continue }
            let values = (String(first.trimmed), String(second.trimmed))
            return wording.expectedFirst ? values : (values.1, values.0)
        }
        let first = text.cut(at: "\n")?.before ?? text
        // Python: `assert 1 == 2`, `AssertionError: 1 != 2`; Node.js has the values on a line of their own.
        if let (_, rest) = first.cut(at: "assert "), let (left, right) = rest.cut(at: " == ") {
            return (String(right), String(left))
        }
        if let (_, rest) = first.cut(at: "AssertionError: "), let (left, right) = rest.cut(at: " != ") {
            let right = right.cut(at: " : ")?.before ?? right
            return (String(right), String(left))
        }
        return nil
    }

    private static let expectedLabels: Set<String> = ["expected", "want", "wanted", "expect"]
    private static let actualLabels: Set<String> = [
        "actual", "received", "but was", "got", "found", "but", "passed in", "which is", "have",
    ]

    /// `Expected: 1` and `Actual: 2` on lines of their own, or the values on the lines below; `1 !== 2`.
    private static func lines(_ text: Substring) -> (String, String)? {
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).prefix(mostLines).map {
            Substring($0).trimmed
        }
        var expected: String?
        var actual: String?
        for (index, line) in lines.enumerated() {
            if let (left, right) = line.cut(at: " !== "), !left.isEmpty, !right.isEmpty {
                return (String(right), String(left))
            }
            guard let (label, value) = line.cut(at: ":"), label.utf8.count <= 16 else { continue }
            let name = label.trimmed.lowercased()
            var found = value.trimmed
            if found.isEmpty, index + 1 < lines.count { found = lines[index + 1] }
            guard !found.isEmpty else { continue }
            if expected == nil, expectedLabels.contains(name) {
                expected = String(found)
            } else if actual == nil, actualLabels.contains(name) {
                actual = String(found.after(prefix: "was ") ?? found)
            }
        }
        guard let expected, let actual else { return nil }
        // Node.js prints both as properties of an object.
        if let value = actual[...].before(suffix: ",") {
            return (String(expected[...].before(suffix: ",") ?? expected[...]), String(value))
        }
        return (expected, actual)
    }
}
