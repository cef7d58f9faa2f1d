import JSON
import Testing

@Suite struct NumberTests {
    @Test(arguments: [
        "0", "-0", "1e400", "-1E-400", "0.10", "123456789012345678901234567890", "1.0", "1e5", "1E+05",
        "18446744073709551615",
    ])
    func keepsTheLiteral(_ literal: String) throws {
        #expect(try JSON(parsing: literal).text == literal)
        #expect(try JSON(parsing: "[\(literal) ]").text == "[\(literal)]")
        #expect(JSONNumber(literal: literal)?.literal == literal)
    }

    @Test(
        arguments: [
            ("3", 3), ("3.0", 3), ("30e-1", 3), ("3e0", 3), ("0.03e2", 3), ("-0", 0), ("-0.0", 0),
            ("0e99999999999999999999", 0),
            ("12.50e1", 125), ("9223372036854775807", Int.max), ("9223372036854775807.0", Int.max),
            ("-9223372036854775808", Int.min), ("-9.223372036854775808e18", Int.min),
            ("1e18", 1_000_000_000_000_000_000),
            ("3.5", nil), ("1e-1", nil), ("9223372036854775808", nil), ("1e19", nil), ("1e400", nil), ("-1e400", nil),
            ("1e99999999999999999999", nil), ("1e-99999999999999999999", nil), ("1e-9223372036854775808", nil),
        ] as [(String, Int?)])
    func wholeNumbersAreExact(_ literal: String, _ expected: Int?) throws {
        #expect(try JSON(parsing: literal).intValue == expected)
    }

    @Test func convertsToEveryWidth() throws {
        let largest = try #require(JSONNumber(literal: "18446744073709551615"))
        #expect(largest.integer(as: UInt64.self) == .max)
        #expect(largest.int == nil)
        #expect(JSONNumber(literal: "256")?.integer(as: UInt8.self) == nil)
        #expect(JSONNumber(literal: "-1")?.integer(as: UInt.self) == nil)
        #expect(JSONNumber(literal: "2.55e2")?.integer(as: UInt8.self) == 255)
    }

    @Test func doubles() throws {
        #expect(try JSON(parsing: "0.1").doubleValue == 0.1)
        #expect(try JSON(parsing: "1e400").doubleValue == nil)
        #expect(try JSON(parsing: "1e-400").doubleValue == 0)
        #expect(try JSON(parsing: "-0").doubleValue?.sign == .minus)
    }

    @Test(
        arguments: [
            (0.0, "0"), (-0.0, "-0"), (3, "3"), (0.1, "0.1"), (-2.5, "-2.5"), (1e22, "1e+22"),
            (.leastNonzeroMagnitude, "5e-324"),
            (9_007_199_254_740_992, "9007199254740992"), (.infinity, "null"), (.nan, "null"),
        ] as [(Double, String)])
    func writesTheShortestForm(_ value: Double, _ expected: String) {
        #expect(JSONNumber(value).literal == expected)
    }

    @Test(arguments: ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", " 1", "NaN", "null", "１"])
    func refusesBadLiterals(_ literal: String) {
        #expect(JSONNumber(literal: literal) == nil)
    }
}
