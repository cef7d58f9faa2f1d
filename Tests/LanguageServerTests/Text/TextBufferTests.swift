import Testing

@testable import LanguageServer

@Suite struct TextBufferTests {
    @Test func keepsEveryByte() {
        for text in ["", "a", "a\n", "\n\n", "a\r\nb", "a\rb\n", "\u{FEFF}a\n", "é\n😀"] {
            #expect(TextBuffer(text).bytes == Array(text.utf8))
        }
    }

    @Test func alwaysHasALastLine() {
        #expect(TextBuffer("").lines == [[]])
        #expect(TextBuffer("a\n").lines.count == 2)
        #expect(TextBuffer("a\n").end == .init(line: 1, column: 0))
    }

    @Test func terminatorIsNoContent() {
        let buffer = TextBuffer("ab\r\nc\n\r\nd\r")
        #expect((0..<4).map { buffer.contentCount(ofLine: $0) } == [2, 1, 0, 2])
    }

    @Test func loneCarriageReturnEndsNoLine() {
        #expect(TextBuffer("a\rb").lines.count == 1)
    }

    @Test func clampsPlacesThatDoNotExist() {
        let buffer = TextBuffer("ab\r\ncd")
        #expect(buffer.clamped(.init(line: -3, column: 5)) == .init(line: 0, column: 0))
        #expect(buffer.clamped(.init(line: 0, column: 99)) == .init(line: 0, column: 2))
        #expect(buffer.clamped(.init(line: 0, column: -1)) == .init(line: 0, column: 0))
        #expect(buffer.clamped(.init(line: .max, column: .max)) == .init(line: 1, column: 2))
    }

    @Test func reversedRangeIsPutInOrder() {
        var buffer = TextBuffer("abcdef")
        buffer.replace(from: .init(line: 0, column: 4), to: .init(line: 0, column: 1), with: Array("X".utf8))
        #expect(buffer.text == "aXef")
    }

    @Test func deletesAcrossLines() {
        var buffer = TextBuffer("one\r\ntwo\r\nthree")
        buffer.replace(from: .init(line: 0, column: 3), to: .init(line: 1, column: 0), with: [])
        #expect(buffer.text == "onetwo\r\nthree")
        buffer.replace(from: .init(line: 0, column: 0), to: .init(line: 9, column: 0), with: [])
        #expect(buffer.text == "")
    }

    @Test func equalLinesAreSharedWithACopy() {
        let saved = TextBuffer("a\nb\n")
        var buffer = saved
        #expect(buffer == saved)
        buffer.replace(from: .init(line: 1, column: 0), to: .init(line: 1, column: 1), with: Array("x".utf8))
        #expect(buffer != saved)
        buffer.replace(from: .init(line: 1, column: 0), to: .init(line: 1, column: 1), with: Array("b".utf8))
        #expect(buffer == saved)
    }
}
