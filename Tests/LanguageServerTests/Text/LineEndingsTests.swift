import Testing

@testable import LanguageServer

@Suite struct LineEndingsTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func whatAnEditorHidesDoesNotCount() {
        #expect(LineEndings.areEqual(bytes("a\r\nb\r\n"), bytes("a\nb\n")))
        #expect(LineEndings.areEqual(bytes("\u{FEFF}a\n"), bytes("a\n")))
        #expect(!LineEndings.areEqual(bytes("a\rb"), bytes("a\nb")))
        #expect(!LineEndings.areEqual(bytes("a\n"), bytes("a")))
    }

    @Test func isPutBackAsInTheFile() {
        let crlf = bytes("old\r\n")
        #expect(LineEndings.restored(bytes("a\nb"), like: crlf) == bytes("a\r\nb"))
        #expect(LineEndings.restored(bytes("a\r\nb\n"), like: crlf) == bytes("a\r\nb\n"), "was not hidden")
        #expect(
            LineEndings.restored(bytes("a\n"), like: bytes("x\r\ny\n")) == bytes("a\n"),
            "mixed files are shown as they are")
        #expect(LineEndings.restored(bytes("a\n"), like: bytes("\u{FEFF}old\n")) == bytes("\u{FEFF}a\n"))
        #expect(LineEndings.restored(bytes("\u{FEFF}a\n"), like: bytes("\u{FEFF}old\n")) == bytes("\u{FEFF}a\n"))
    }
}
