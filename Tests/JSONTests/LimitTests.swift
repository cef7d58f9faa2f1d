import JSON
import Testing

@Suite struct LimitTests {
    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test func depth() throws {
        _ = try JSON(parsing: nested(128))
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: nested(129)) }
        #expect(error?.kind == .tooDeep(limit: 128))
        #expect(error?.byteOffset == 128)

        _ = try JSON(parsing: nested(2), limits: JSONLimits(maxDepth: 2))
        #expect(throws: JSONParseError.self) { try JSON(parsing: #"[{"a":[]}]"#, limits: JSONLimits(maxDepth: 2)) }
        #expect(throws: JSONParseError.self) { try JSON(parsing: "[]", limits: JSONLimits(maxDepth: 0)) }
        _ = try JSON(parsing: "1", limits: JSONLimits(maxDepth: 0))
    }

    @Test func depthHasACeiling() throws {
        let limits = JSONLimits(maxDepth: .max)
        let value = try JSON(parsing: nested(JSONLimits.deepestNesting), limits: limits)
        #expect(value.text == nested(JSONLimits.deepestNesting))
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: nested(100_000), limits: limits) }
        #expect(error?.kind == .tooDeep(limit: JSONLimits.deepestNesting))
    }

    @Test func size() throws {
        let limits = JSONLimits(maxBytes: 4)
        _ = try JSON(parsing: "[12]", limits: limits)
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: "[123]", limits: limits) }
        #expect(error?.kind == .tooLarge(limit: 4))
    }

    @Test func byteOrderMark() throws {
        let bytes: [UInt8] = [0xEF, 0xBB, 0xBF, 0x5B, 0x5D]
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: bytes) }
        #expect(error?.kind == .byteOrderMark)
        #expect(try JSON(parsing: bytes, limits: JSONLimits(acceptsByteOrderMark: true)) == [])
    }

    @Test func errorsNameThePlace() {
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: "{\n  \"a\": 1,\n  \"b\": tru3\n}") }
        #expect(error?.kind == .unexpectedByte(UInt8(ascii: "3"), expected: "true"))
        #expect(error?.line == 3)
        #expect(error?.column == 11)
        #expect(error?.byteOffset == 22)
        #expect(error.map { "\($0)" } == "expected true, found '3' at line 3, column 11")
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd), ("[1", .unexpectedEnd), ("[1] x", .trailingContent), ("[01]", .invalidNumber),
            ("[\"\\q\"]", .invalidEscape), ("[\"\\uD800\"]", .loneSurrogate), ("[\"\n\"]", .controlCharacter(10)),
            ("[1 2]", .unexpectedByte(UInt8(ascii: "2"), expected: "',' or ']'")), ("{\"a\"", .unexpectedEnd),
        ] as [(String, JSONParseError.Kind)])
    func errorsNameTheCause(_ text: String, _ kind: JSONParseError.Kind) {
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
        #expect(error?.kind == kind)
    }
}
