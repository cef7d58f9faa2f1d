import AgentProtocol
import Testing

@testable import LanguageServer

@Suite struct Base64Tests {
    @Test(arguments: ["", "a", "ab", "abc", "abcd", "größe 😀\n"])
    func decodesWhatWasEncoded(text: String) {
        #expect(Base64.decode(Sample.base64(text)) == Array(text.utf8))
    }

    @Test(arguments: ["a", "ab=", "a===", "=AAA", "AA=A", "ab==", "YWI=YWI=", "YQ =", "YQ==\n", "YWJ=", "%%%%"])
    func refusesEverythingElse(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func everyByteValue() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Base64.decode(Sample.base64(bytes)) == bytes)
    }
}

@Suite struct FileURITests {
    @Test(arguments: [
        ("file:///a/b.c", "/a/b.c"),
        ("file://localhost/a", "/a"),
        ("FILE:///a", "/a"),
        ("file:/a", "/a"),
        ("file:///a%20b/%C3%A9%2b.c", "/a b/é+.c"),
        ("file:///a/../b/./c//d/", "/b/c/d"),
        ("file:///a#x", "/a"),
    ])
    func readsWhatClientsWrite(uri: String, path: String) {
        #expect(FileURI.path(of: uri) == path)
    }

    @Test(arguments: [
        "", "file:", "file://host/a", "http://a/b", "untitled:1", "file:///a%0", "file:///a%zz", "file:///a%00b", "a/b",
    ])
    func refusesTheRest(uri: String) {
        #expect(FileURI.path(of: uri) == nil)
    }

    @Test func pathsComeBack() {
        for path in ["/", "/a b", "/é/#?%", "/😀"] { #expect(FileURI.path(of: FileURI.uri(of: path)) == path) }
    }

    @Test func relativeOnlyInside() {
        #expect(FileURI.relative("/a/b/c", to: "/a/b") == "c")
        #expect(FileURI.relative("/a/bc", to: "/a/b") == nil)
        #expect(FileURI.relative("/a/b", to: "/a/b") == nil)
        #expect(FileURI.relative("/a", to: "/") == "a")
    }
}

@Suite struct CommentPromptTests {
    @Test(
        arguments: [
            ("// cofferdam: handle nil", "handle nil"),
            ("    # agent: make it faster  ", "make it faster"),
            ("x = 1; /* Cofferdam: name it */", "name it"),
            ("<!-- agent: add a title -->", "add a title"),
            (" * agent: document this", "document this"),
            ("-- agent: index this", "index this"),
            (";; cofferdam: use cl-loop", "use cl-loop"),
            ("İ // agent: keep", nil),
            ("let agent: Agent = x", nil),
            ("// agent:", nil),
            ("// an agent: is one", nil),
        ] as [(String, String?)])
    func findsWishes(line: String, wish: String?) {
        #expect(CommentPrompt.find(in: line) == wish)
    }
}
