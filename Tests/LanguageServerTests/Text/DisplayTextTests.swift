import Testing

@testable import LanguageServer

@Suite struct DisplayTextTests {
    @Test func exactHidesNothing() {
        #expect(
            DisplayText.exact("rm -rf /\u{202E}tac\u{1B}[2K\r\n\t\u{0}")
                == "rm -rf /\\u{202E}tac\\u{1B}[2K\\r\\n\\t\\u{0}")
        #expect(DisplayText.exact("größe 😀") == "größe 😀")
    }

    @Test func whatIsCutOffIsSaid() {
        #expect(DisplayText.exact("abcdef", limit: 4) == "abcd… (2 more characters, see the transcript)")
        #expect(DisplayText.exact("abcd", limit: 4) == "abcd")
    }

    @Test(arguments: [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\u{1B}[1;31mred\u{1B}[0m", "red"),
        ("\u{1B}]0;title\u{7}after", "after"),
        ("\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"),
        ("\u{9B}31mred", "red"),
        ("\u{1B}(Bx", "x"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("\u{0}\u{8}\u{7F}", "␀␈␡"),
        ("a\u{202E}b\u{2066}c", "a\\u{202E}b\\u{2066}c"),
        ("\u{1B}Pq#0\u{1B}\\x", "x"),
        ("\u{1B}[31\nx", "\nx"),
    ])
    func controlSequencesGo(raw: String, clean: String) {
        #expect(DisplayText.cleaned(raw) == clean)
    }

    @Test func sequencesMayBeSplitAnywhere() {
        let raw = "a\u{1B}[1;31mb\u{1B}]0;t\u{1B}\\c\r\nd\u{1B}(Be"
        let whole = DisplayText.cleaned(raw)
        let scalars = Array(raw.unicodeScalars)
        for split in 0...scalars.count {
            var cleaner = OutputCleaner()
            var result = ""
            for part in [scalars[..<split], scalars[split...]] {
                result += cleaner.clean(String(String.UnicodeScalarView(part)))
            }
            #expect(result == whole)
        }
        #expect(whole == "abc\nde")
    }

    @Test func unendedStringSequenceDoesNotSwallowEverything() {
        let raw = "\u{1B}]0;" + String(repeating: "x", count: OutputCleaner.longestString + 1) + "visible"
        #expect(DisplayText.cleaned(raw).hasSuffix("visible"))
    }

    @Test func firstLineIsTheFirstThatSaysSomething() {
        #expect(DisplayText.firstLine("\n  one\n  two\n", limit: 10) == "one")
        #expect(DisplayText.firstLine("abcdefgh\nx", limit: 3) == "abc…")
        #expect(DisplayText.firstLine("\n", limit: 3) == "")
    }

    @Test func lastLineIsTheLastThatSaysSomething() {
        #expect(DisplayText.lastLine("one\n  two\n\n", limit: 10) == "two")
        #expect(DisplayText.lastLine("abcdefgh", limit: 3) == "abc…")
        #expect(DisplayText.lastLine("\n", limit: 3) == "")
    }
}
