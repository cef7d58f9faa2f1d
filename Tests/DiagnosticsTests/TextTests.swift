import Testing

@testable import Diagnostics

@Suite struct TextTests {
    @Test(arguments: [
        ("\u{1B}[1m\u{1B}[31mred\u{1B}[0m", "red"),
        ("a\r\nb\r\r\nc", "a\nb\nc"),
        ("\u{1B}]8;;https://gcc.gnu.org\u{7}-Wall\u{1B}]8;;\u{1B}\\", "-Wall"),
        ("\u{1B}]unterminated\nx", "unterminated\nx"),
        ("\u{1B}(Bplain\u{1B}7", "plain"),
        ("a\u{1B}", "a"),
        ("a\u{1B}[", "a"),
        ("a\u{0}\u{8}\u{7F}\tb", "a\tb"),
        ("10%\r20%\rdone", "10%\r20%\rdone"),
        ("x\r", "x"),
    ]) func cleaning(text: String, expected: String) {
        #expect(OutputText.clean(Array(text.utf8)) == expected)
    }

    @Test func invalidBytesAreReplaced() {
        #expect(OutputText.clean([0x61, 0xFF, 0x62, 0xC3]) == "a\u{FFFD}b\u{FFFD}")
    }

    @Test func theMiddleOfALongOutputIsLeftOut() {
        let text = (0..<100).map { "line \($0)\n" }.joined()
        let kept = OutputText.clean(Array(text.utf8), limit: 200)
        #expect(kept.hasPrefix("line 0\n"))
        #expect(kept.hasSuffix("line 99\n"))
        #expect(kept.contains("bytes left out]\n"))
        #expect(kept.utf8.count < 260)
        #expect(
            OutputText.clean(Array("a\nb\nc\nd\ne\nf".utf8), lines: 4) == "a\nb\n\n[4 bytes left out]\ne\nf")
        #expect(OutputText.clean(Array("a\nb\nc\nd\n".utf8), lines: 4) == "a\nb\nc\nd\n")
        #expect(OutputText.clean(Array("a\nb\nc\nd\ne\n".utf8), lines: 4) == "a\nb\n\n[2 bytes left out]\nd\ne\n")
        #expect(OutputText.clean(Array("abcdef".utf8), limit: 4) == "ab\n[2 bytes left out]\nef")
        #expect(OutputText.clean([], limit: 4) == "")
    }

    /// Progress is parsed, but is no leftover.
    @Test func progressLines() {
        let output = parse("10%\ra.c:1:1: error: x\r20%\r30%\nrest\n")
        #expect(output.briefs == ["gcc error a.c 1:1-1:1: x"])
        #expect(output.unparsed == "30%\nrest")
    }

    @Test func coloursAndCarriageReturns() {
        let output = parse(
            "\u{1B}[01m\u{1B}[Ka.c:1:5:\u{1B}[m\u{1B}[K \u{1B}[01;31m\u{1B}[Kerror: \u{1B}[m\u{1B}[Kbad ‘\u{1B}[01mx’\r\n"
        )
        #expect(output.briefs == ["gcc error a.c 1:5-1:5: bad ‘x’"])
    }

    @Test func longLines() throws {
        let output = parse("a.c:1:1: error: " + String(repeating: "é", count: 100_000))
        let message = try #require(output.diagnostics.first?.message)
        #expect(message.utf8.count <= DiagnosticLimits.messageBytes)
        #expect(message.hasSuffix("é…"))
    }

    @Test func errorsBeforeTheLimitOfDiagnostics() {
        var text = ""
        for line in 1...1500 { text += "a.c:\(line):1: warning: w\(line)\n" }
        for line in 1...1500 { text += "a.c:\(line):1: error: e\(line)\n" }
        let output = parse(text)
        #expect(output.diagnostics.count == DiagnosticLimits.diagnostics)
        #expect(output.diagnostics.allSatisfy { $0.severity == .error })
        let few = parse(text.split(separator: "\n").prefix(1510).joined(separator: "\n"))
        #expect(few.diagnostics.count { $0.severity == .error } == 10)
        #expect(few.diagnostics.count == DiagnosticLimits.diagnostics)
    }

    @Test func leftoverIsBounded() {
        let output = parse((0..<10_000).map { "line \($0)\n" }.joined())
        #expect(output.unparsed.utf8.count <= DiagnosticLimits.unparsedBytes)
        #expect(output.unparsed.hasPrefix("line 0\nline 1\n"))
        #expect(output.unparsed.hasSuffix("\nline 9999"))
        #expect(output.unparsed.contains(" lines left out]\n"))
    }

    @Test(
        arguments: [
            (["gcc", "-c"], ["gcc"]),
            (["/usr/bin/env", "-i", "A=1", "make"], ["make"]),
            (["timeout", "-k", "5", "10", "swift", "test"], ["swift"]),
            (["python3", "-m", "pytest"], ["python3", "pytest"]),
            (["python3", "-B", "-W", "error", "-m", "pytest"], ["python3", "pytest"]),
            (["python3", "-u", "run.py", "-m", "pytest"], ["python3"]),
            (["sh", "-c", "cd x && CC=clang make -j; pytest -q | tail"], ["cd", "make", "pytest", "tail"]),
            (["bash", "-euc", "uv run mypy ."], ["uv", "mypy"]),
            (["sh", "-c"], ["sh"]),
            ([], []),
        ] as [([String], [String])]) func programs(command: [String], expected: [String])
    {
        #expect(CommandWords.programs(of: command) == expected)
    }

    @Test(arguments: [
        ("/a/b/../c", "/a/c"), ("/../../a", "/a"), ("a/./b//c/", "a/b/c"), ("../../a", "../../a"), ("a/../..", ".."),
        ("", ""), ("/", "/"),
    ]) func normalisedPaths(path: String, expected: String) {
        #expect(PathText.normalised(path) == expected)
    }

    @Test(arguments: [
        ("file:///a%20b", "/a b"), ("file://host/a", "/a"), ("file:/a", "/a"), ("a%20b", "a%20b"),
        ("file:///a%zz%4", "/a%zz%4"), ("file:///a%0ab", "/a%0ab"), ("file://", ""),
    ]) func uris(text: String, expected: String) {
        #expect(PathText.fromURI(text) == expected)
    }

    /// Work that grows with the square of the length would not end on these.
    @Test(arguments: [
        "[{", "{\"a\":", "[\n", "{\"runs\": [\n", "<testsuite>\n", "<testsuites><a b='", "  File \"a\", line 1\n",
        "Traceback (most recent call last):\n", "a:1:1:1:1:", "'", "\u{1B}]", "x.swift:1:1: error: m\n1 | a\n",
        "[#a]: <https://b>\n", ": ", "In file included from a:1,\n", "make: Entering directory '/a'\n",
    ]) func repetitionIsCheap(unit: String) {
        let text = String(repeating: unit, count: 100_000 / unit.utf8.count)
        let output = parse(text)
        #expect(output.unparsed.utf8.count <= DiagnosticLimits.unparsedBytes)
    }
}
