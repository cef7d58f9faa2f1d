/// The two values of a failed assertion of Swift: of Swift Testing's expectations and of XCTest's functions.
struct SwiftAssertion: Equatable {
    var expected: String
    var actual: String

    init?(_ message: Substring) {
        let text = message.limited(toBytes: DiagnosticLimits.messageBytes)
        let values = text.begins("XCT") ? Self.xctest(text) : Self.expectation(text)
        guard let values else { return nil }
        (expected, actual) = values
        guard !expected.isEmpty, !actual.isEmpty else { return nil }
    }

    // MARK: Swift Testing

    private static let operators = [" == ", " === ", " != ", " !== ", " <= ", " >= ", " < ", " > "]

    /// `Expectation failed: (add(1, 2) → -1) == 3`, `[1, 2].isEmpty → false`.
    private static func expectation(_ text: Substring) -> (String, String)? {
        guard let (_, expression) = text.cut(at: "xpectation failed: ") else { return nil }
        if let (left, name, right) = ExpressionText.split(expression, at: operators, quotes: "\"") {
            let isEquality = name == " == " || name == " === "
            // What is told behind the values stands on lines of its own.
            let wanted = value(ExpressionText.firstLines(right))
            return (isEquality ? wanted : "\(name[...].trimmed) \(wanted)", value(left))
        }
        guard let (_, _, result) = ExpressionText.split(expression, at: [" → "], quotes: "\"") else { return nil }
        switch String(result.cut(at: "\n")?.before ?? result) {
        case "false": return ("true", "false")
        case "true": return ("false", "true")
        case "nil": return ("not nil", "nil")
        default: return nil
        }
    }

    /// Of `(expression → value)` the value; of a literal itself.
    private static func value(_ text: Substring) -> String {
        let text = text.trimmed
        guard let inner = text.after(prefix: "(")?.before(suffix: ")"),
            let (_, _, result) = ExpressionText.split(inner, at: [" → "], quotes: "\"")
        else { return String(text) }
        return String(result)
    }

    // MARK: XCTest

    /// What stands between two values, and what it says of the second.
    private static let comparisons: [(between: String, expected: String)] = [
        ("\") is not equal to (\"", ""), ("\") is equal to (\"", "not "),
        ("\") is not less than or equal to (\"", "<= "),
        ("\") is not greater than or equal to (\"", ">= "), ("\") is not less than (\"", "< "),
        ("\") is not greater than (\"", "> "), ("\") is not identical to (\"", ""), ("\") is identical to (\"", "not "),
        ("\") is less than or equal to (\"", "> "), ("\") is greater than or equal to (\"", "< "),
    ]

    private static func xctest(_ text: Substring) -> (String, String)? {
        guard let (name, rest) = text.cut(at: " failed") else { return nil }
        let details = rest.after(prefix: ": ") ?? ""
        switch String(name) {
        case "XCTAssertTrue", "XCTAssert": return ("true", "false")
        case "XCTAssertFalse": return ("false", "true")
        case "XCTAssertNotNil", "XCTUnwrap": return ("not nil", "nil")
        case "XCTAssertNil":
            // `XCTAssertNil failed: "-1" - why`.
            guard let quoted = details.after(prefix: "\"") else { return nil }
            let end = quoted.find("\" - ")?.lowerBound ?? quoted.before(suffix: "\"")?.endIndex
            return end.map { ("nil", String(quoted[..<$0])) }
        default: break
        }
        guard let values = details.after(prefix: "(\"") else { return nil }
        for (between, word) in comparisons {
            guard let (left, tail) = values.cut(at: between) else { continue }
            guard let end = tail.find("\") - ") ?? tail.find("\") +/- (") else {
                return tail.before(suffix: "\")").map { (word + $0, String(left)) }
            }
            return (word + tail[..<end.lowerBound], String(left))
        }
        return nil
    }
}
