/// The two values of a failed assertion of Python: pytest's `assert a == b` and unittest's `a != b`.
struct PythonAssertion: Equatable {
    var expected: String
    var actual: String

    /// Lines of an explanation that are looked at.
    private static let mostLines = 60

    /// - Parameter lines: what explains the failure, from the exception's own line on.
    init?(_ lines: [Substring]) {
        let lines = lines.prefix(Self.mostLines).map { $0.limited(toBytes: DiagnosticLimits.messageBytes) }
        guard let found = Self.approximation(lines) ?? Self.pytest(lines) ?? Self.unittest(lines) else { return nil }
        (expected, actual) = found
        // Both cut to the same beginning: the place where they differ tells more.
        if expected == actual, let (before, after) = Self.difference(lines) { (expected, actual) = (after, before) }
        guard !expected.isEmpty, !actual.isEmpty else { return nil }
    }

    /// `Obtained: 0.4` and `Expected: 0.3 ± 3.0e-07`, of `pytest.approx`.
    private static func approximation(_ lines: [Substring]) -> (String, String)? {
        guard let obtained = lines.lazy.compactMap({ $0.trimmed.after(prefix: "Obtained: ") }).first,
            let expected = lines.lazy.compactMap({ $0.trimmed.after(prefix: "Expected: ") }).first
        else { return nil }
        return (String(expected), String(obtained))
    }

    /// `At index 11 diff: 11 != 99`.
    private static func difference(_ lines: [Substring]) -> (String, String)? {
        for line in lines {
            if let (_, values) = line.cut(at: " diff: "), let (before, after) = values.cut(at: " != ") {
                return (String(before), String(after))
            }
        }
        return nil
    }

    /// Those that hold when the values are the same: what was expected is the right one alone.
    private static let equalities: Set<String> = [" == ", " is "]

    private static func pytest(_ lines: [Substring]) -> (String, String)? {
        let assertion = lines.lazy.compactMap { line in
            line.after(prefix: "assert ") ?? line.cut(at: "Error: assert ")?.after
        }
        guard let text = assertion.first, !text.begins("not "),
            let (left, name, right) = ExpressionText.split(
                text,
                at: [" == ", " != ", " is not ", " is ", " not in ", " in ", " <= ", " >= ", " < ", " > "])
        else { return nil }
        return (equalities.contains(name) ? String(right) : "\(name[...].trimmed) \(right)", String(left))
    }

    /// What stands between the values in unittest's messages, and what it says of the right one.
    private static let unittestWords: [(between: String, expected: String)] = [
        (" != ", ""), (" == ", "!= "), (" not found in ", "in "), (" unexpectedly found in ", "not in "),
        (" not less than or equal to ", "<= "), (" not greater than or equal to ", ">= "),
        (" not less than ", "< "), (" not greater than ", "> "), (" is not an instance of ", "an instance of "),
        (" is not true", "true"), (" is not false", "false"), (" is not None", "None"), (" is not ", ""),
    ]

    private static func unittest(_ lines: [Substring]) -> (String, String)? {
        guard let line = lines.first, let (_, message) = line.cut(at: "AssertionError: ") else { return nil }
        var text = message
        // `Lists differ: [1] != [2]`.
        if let (kind, values) = text.cut(at: " differ: "), kind.utf8.count < 24 { text = values }
        guard let (left, name, right) = ExpressionText.split(text, at: unittestWords.map(\.between)),
            let word = unittestWords.first(where: { $0.between == name })
        else { return nil }
        // ` : ` begins the words that the test gave, ` within 7 places (…)` says how near is near enough.
        var value = ExpressionText.split(right, at: [" : ", " within "])?.left ?? right
        if ["true", "false", "None"].contains(word.expected) { value = "" }
        return (word.expected + value.trimmed, String(left.trimmed))
    }
}
