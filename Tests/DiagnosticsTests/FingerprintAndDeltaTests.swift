import AgentProtocol
import Testing

@testable import Diagnostics

@Suite struct FingerprintAndDeltaTests {
    @Test(arguments: [
        ("line 12 of 30", "line # of #"),
        ("expected 'a1' not 2", "expected 'a1' not #"),
        ("‘x2’ at 0x7fae93d9a980", "‘x2’ at 0x#"),
        ("<f at 0x7fae93d9a980> '<g at 0x00ff00ff>'", "<f at 0x#> '<g at 0x#>'"),
        ("don't count 3 of 'b4'", "don't count # of 'b4'"),
        ("open ' 5", "open ' #"),
        ("`g5' 6\nsecond line", "`g5' #"),
    ]) func normalisation(message: String, expected: String) {
        #expect(Fingerprint.normalised(message) == expected)
    }

    @Test func survivesLinesThatMove() {
        let before = parse("a.c:3:5: error: bad ‘x’", files: ["a.c": "1\n2\n    x = 1;\n"])
        let after = parse("a.c:9:3: error: bad ‘x’", files: ["a.c": "1\n2\n\n\n\n\n\n\n  x = 1;\n"])
        let other = parse("a.c:3:5: error: bad ‘x’", files: ["a.c": "1\n2\n    x = 2;\n"])
        #expect(before.diagnostics.map(\.fingerprint) == after.diagnostics.map(\.fingerprint))
        #expect(before.diagnostics.map(\.fingerprint) != other.diagnostics.map(\.fingerprint))
    }

    /// Borders between the parts count.
    @Test func partsAreKeptApart() {
        func of(_ code: String?, _ path: String) -> String {
            Fingerprint.of(tool: "t", code: code, path: path, message: "m", sourceLine: nil)
        }
        #expect(of("ab", "c") != of("a", "bc"))
        #expect(of("ab", "c").utf8.count == 16)
    }

    func diagnostic(_ fingerprint: String, line: Int) -> Diagnostic {
        Diagnostic(
            tool: "t", severity: .error, message: "m", path: "p",
            range: TextRange(startLine: line, startColumn: 1, endLine: line, endColumn: 1), fingerprint: fingerprint)
    }

    @Test func multisets() {
        let delta = DiagnosticDelta.compare(
            baseline: [
                diagnostic("a", line: 1), diagnostic("a", line: 2), diagnostic("b", line: 3), diagnostic("a", line: 9),
            ],
            current: [
                diagnostic("c", line: 4), diagnostic("a", line: 5), diagnostic("c", line: 6), diagnostic("a", line: 7),
            ])
        #expect(delta.new.map { $0.range?.startLine } == [4, 6])
        #expect(delta.remaining.map { $0.range?.startLine } == [5, 7])
        #expect(delta.fixed.map { $0.range?.startLine } == [3, 9])
        let same = DiagnosticDelta.compare(baseline: delta.new, current: delta.new)
        #expect(same == DiagnosticDelta(new: [], fixed: [], remaining: delta.new))
    }
}
