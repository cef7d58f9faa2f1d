import JSON
import Testing

/// The rules of RFC 8259, after the categories of the public JSONTestSuite: what must be accepted, what must be
/// rejected, and what is left open but must not crash.
@Suite struct GrammarTests {
    @Test(arguments: accepted) func accepts(_ text: GrammarCase) throws {
        let value = try JSON(parsing: text.bytes)
        #expect(try JSON(parsing: value.serialized()) == value)
    }

    @Test(arguments: rejected) func rejects(_ text: GrammarCase) {
        #expect(throws: JSONParseError.self) { try JSON(parsing: text.bytes) }
    }

    /// The same bytes without contiguous storage take another way into the parser.
    @Test(arguments: accepted + rejected) func judgesAlikeWithoutContiguousStorage(_ text: GrammarCase) {
        let inPlace = Result { try JSON(parsing: text.bytes) }
        let copied = Result { try JSON(parsing: text.bytes.lazy.map { $0 }) }
        let slice = Result { try JSON(parsing: ([0x5B] + text.bytes)[1...]) }
        #expect((try? inPlace.get()) == (try? copied.get()))
        #expect((try? inPlace.get()) == (try? slice.get()))
    }

    /// No text may be accepted when it is cut off anywhere, except numbers, which may end early.
    @Test(arguments: accepted) func rejectsEveryProperPrefix(_ text: GrammarCase) {
        guard let first = text.bytes.first(where: { $0 > 0x20 }), [0x22, 0x5B, 0x7B].contains(first) else { return }
        let end = text.bytes.lastIndex { $0 > 0x20 } ?? 0
        for length in 0..<min(end, 300) {
            #expect(throws: JSONParseError.self) { try JSON(parsing: text.bytes[..<length]) }
        }
    }

    @Test(arguments: leftOpen) func survives(_ text: GrammarCase) {
        guard let value = try? JSON(parsing: text.bytes) else { return }
        #expect((try? JSON(parsing: value.serialized())) == value)
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":[", "[[],"]) func deepNestingIsAnError(_ opening: String) {
        let bytes = Array(repeating: Array(opening.utf8), count: 100_000).flatMap { $0 }
        let error = #expect(throws: JSONParseError.self) { try JSON(parsing: bytes) }
        #expect(error?.kind == .tooDeep(limit: 128))
    }
}
