import JSON
import Testing

@Suite struct StringTests {
    @Test func decodesEscapes() throws {
        let text = #"["\"\\\/\b\f\n\r\t", "\u00e9\u20AC\uD834\uDd1e", "a\u0000b", "\\u0041"]"#
        let value = try JSON(parsing: text)
        #expect(value == ["\"\\/\u{8}\u{C}\n\r\t", "é€𝄞", "a\0b", "\\u0041"])
    }

    /// The scanner looks at eight bytes at a time: the special byte goes through every place of a word.
    @Test(arguments: 0..<25) func findsSpecialBytesAtEveryPlace(_ count: Int) throws {
        let letters = String(repeating: "x", count: count)
        for (raw, decoded) in [
            ("\\n", "\n"), ("é", "é"), ("𝄞", "𝄞"), ("\\u00e9", "é"), ("\u{7F}", "\u{7F}"), ("/", "/"),
        ] {
            for tail in ["", "y", "yyyyyyyyyyyy"] {
                let value = try JSON(parsing: "\"\(letters)\(raw)\(tail)\"")
                #expect(value == .string(letters + decoded + tail))
                #expect(try JSON(parsing: value.serialized()) == value)
            }
        }
    }

    @Test func distinguishesCanonicallyEquivalentTexts() throws {
        let composed = try JSON(parsing: #"{"\u00e9": 1, "e\u0301": 2}"#)
        #expect(composed.objectValue?.count == 2)
        #expect(composed["\u{E9}"] == 1)
        #expect(composed["e\u{301}"] == 2)
        #expect(JSON.string("\u{E9}") != JSON.string("e\u{301}"))
    }

    @Test func reportsTheFirstBrokenByte() {
        let prefix = Array("{\"k\": \"ab\u{20AC}".utf8)
        for broken in [[0xFF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]] {
            for middle in [[], Array("\\n".utf8)] as [[UInt8]] {
                let error = #expect(throws: JSONParseError.self) {
                    try JSON(parsing: prefix + middle + broken + Array("\"}".utf8))
                }
                #expect(error?.kind == .invalidUTF8)
                #expect(error?.byteOffset == prefix.count + middle.count)
            }
        }
    }
}
