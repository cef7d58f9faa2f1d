import JSON
import Testing

@Suite struct WriterTests {
    @Test func escapesOnlyWhatItMust() {
        #expect(JSON.string("a\"b\\c/d").text == #""a\"b\\c/d""#)
        #expect(JSON.string("\u{8}\u{9}\n\u{C}\r\u{1}\u{1F}\0").text == #""\b\t\n\f\r\u0001\u001f\u0000""#)
        #expect(JSON.string("é€𝄞\u{2028}\u{7F}").text == "\"é€𝄞\u{2028}\u{7F}\"")
    }

    /// The writer looks at eight bytes at a time: every ASCII character at every place of two such groups.
    @Test func escapesAtEveryPlace() throws {
        for code in UInt8(0)..<0x80 {
            let character = Character(Unicode.Scalar(code))
            for place in 0..<18 {
                for (before, after) in [("a", "b"), ("é", "€"), ("!", "#"), ("\u{7F}", "[")] {
                    let text =
                        String(repeating: before, count: place) + String(character)
                        + String(repeating: after, count: 17 - place)
                    let written = JSON.string(text).serialized()
                    #expect(
                        try JSON(parsing: written).stringValue?.unicodeScalars.elementsEqual(text.unicodeScalars)
                            == true)
                    let escaped = JSON.string(String(character)).serialized().dropFirst().dropLast()
                    #expect(written.count == text.utf8.count - 1 + escaped.count + 2)
                }
            }
        }
    }

    @Test func compactTextHasNoRawControlCharacter() {
        let everything = String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init)))
        let value: JSON = ["key\n\(everything)": [.string(everything), ["\n": "\r"]]]
        #expect(value.serialized().allSatisfy { $0 >= 0x20 })
        #expect((try? JSON(parsing: value.serialized())) == value)
    }

    @Test func pretty() {
        let value: JSON = ["b": [1, [:], []], "a": ["x": nil]]
        let text = String(decoding: value.serialized(.pretty), as: UTF8.self)
        #expect(
            text == """
                {
                  "b": [
                    1,
                    {},
                    []
                  ],
                  "a": {
                    "x": null
                  }
                }
                """)
    }

    @Test func sortsKeysByBytes() {
        let value: JSON = ["é": 1, "z": ["b": 1, "a": 2], "Z": 3, "": 4, "aa": 5, "a": 6]
        let text = String(decoding: value.serialized(.sortedKeys), as: UTF8.self)
        #expect(text == #"{"":4,"Z":3,"a":6,"aa":5,"z":{"a":2,"b":1},"é":1}"#)
        #expect(value.serialized([.pretty, .sortedKeys]).count > text.utf8.count)
    }
}
