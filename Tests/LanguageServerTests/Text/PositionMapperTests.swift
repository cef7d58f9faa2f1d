import AgentProtocol
import Testing

@testable import LanguageServer

@Suite struct PositionMapperTests {
    @Test func prefersUTF8ThenUTF32ThenWhatEveryoneSpeaks() {
        #expect(PositionEncoding.negotiated(offered: nil) == .utf16)
        #expect(PositionEncoding.negotiated(offered: []) == .utf16)
        #expect(PositionEncoding.negotiated(offered: ["utf-16", "utf-8"]) == .utf8)
        #expect(PositionEncoding.negotiated(offered: ["utf-16", "utf-32"]) == .utf32)
        #expect(PositionEncoding.negotiated(offered: ["latin-1"]) == .utf16)
    }

    /// Where `1️⃣` is, in each encoding.
    @Test(arguments: [
        ("abc1️⃣", 3, 3, 3),
        ("é1️⃣", 2, 1, 1),
        ("😀1️⃣x", 4, 2, 1),
        ("e\u{301}1️⃣", 3, 2, 2),
        ("👩‍👩‍👧1️⃣", 18, 8, 5),
        ("漢字1️⃣\r\n", 6, 2, 2),
        ("1️⃣", 0, 0, 0),
    ])
    func countsInTheEncoding(marked: String, utf8: Int, utf16: Int, utf32: Int) {
        let text = MarkedText(marked)
        let buffer = TextBuffer(text.text)
        for (encoding, character) in [(PositionEncoding.utf8, utf8), (.utf16, utf16), (.utf32, utf32)] {
            let mapper = PositionMapper(encoding: encoding)
            let position = LSP.Position(line: 0, character: character)
            #expect(mapper.position(of: text["1️⃣"], in: buffer) == position)
            #expect(mapper.point(of: position, in: buffer) == text["1️⃣"])
        }
    }

    @Test func insideACharacterIsItsBeginning() {
        let buffer = TextBuffer("a😀b")
        #expect(PositionMapper(encoding: .utf16).point(of: .init(line: 0, character: 2), in: buffer).column == 1)
        for character in 2...4 {
            let point = PositionMapper(encoding: .utf8).point(of: .init(line: 0, character: character), in: buffer)
            #expect(point.column == 1)
        }
        let middle = TextBuffer.Point(line: 0, column: 3)
        #expect(PositionMapper(encoding: .utf16).position(of: middle, in: buffer).character == 1)
    }

    @Test func outOfRangeIsClamped() {
        let buffer = TextBuffer("ab\r\nc")
        let mapper = PositionMapper(encoding: .utf16)
        #expect(mapper.point(of: .init(line: 0, character: 50), in: buffer) == .init(line: 0, column: 2))
        #expect(mapper.point(of: .init(line: 50, character: 0), in: buffer) == .init(line: 1, column: 1))
        #expect(mapper.point(of: .init(line: -1, character: 3), in: buffer) == .init(line: 0, column: 0))
        #expect(mapper.point(of: .init(line: 1, character: -7), in: buffer) == .init(line: 1, column: 0))
        #expect(mapper.point(of: .init(line: .max, character: .max), in: buffer) == .init(line: 1, column: 1))
    }

    @Test func brokenUTF8CountsByteByByte() {
        let buffer = TextBuffer([0x61, 0xFF, 0xE2, 0x82, 0x62])
        let mapper = PositionMapper(encoding: .utf16)
        #expect(mapper.position(of: .init(line: 0, column: 5), in: buffer).character == 5)
        #expect(mapper.point(of: .init(line: 0, character: 4), in: buffer).column == 4)
    }

    @Test func compilerRangesComeAndGo() {
        let text = MarkedText("int 1️⃣größe2️⃣ = \"😀\";\nint 3️⃣x4️⃣;\n")
        let buffer = TextBuffer(text.text)
        for encoding in PositionEncoding.allCases {
            let mapper = PositionMapper(encoding: encoding)
            for (from, to) in [("1️⃣", "2️⃣"), ("3️⃣", "4️⃣"), ("1️⃣", "4️⃣")] {
                let range = TextRange(
                    startLine: text[from].line + 1, startColumn: text[from].column + 1, endLine: text[to].line + 1,
                    endColumn: text[to].column + 1)
                #expect(mapper.textRange(of: mapper.range(of: range, in: buffer), in: buffer) == range)
            }
        }
    }

    @Test(arguments: [Int.min, -1, 0, Int.max])
    func hostileRangesAreClamped(value: Int) {
        let buffer = TextBuffer("one\ntwo")
        let range = TextRange(startLine: value, startColumn: value, endLine: value, endColumn: value)
        let mapped = PositionMapper(encoding: .utf16).range(of: range, in: buffer)
        #expect(mapped.start <= mapped.end)
        #expect((0...1).contains(mapped.start.line))
    }

    @Test func reversedRangeBecomesEmpty() {
        let range = TextRange(startLine: 2, startColumn: 3, endLine: 1, endColumn: 1)
        let mapped = PositionMapper(encoding: .utf8).range(of: range, in: TextBuffer("abc\nabc"))
        #expect(mapped.start == mapped.end)
    }
}
