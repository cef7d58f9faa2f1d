import AgentProtocol
import TestSupport
import Testing

@testable import Agent

/// What the checks said, sizes, and hostile files.
struct GateInputTests {
    private func evidence(_ tests: TestCounts?) -> CheckEvidence {
        CheckEvidence(
            name: "test", command: ["pytest"], required: true, passed: true,
            result: CommandResult(
                status: .exited, exitCode: 0, durationMilliseconds: 1, stdoutBytes: 0, stderrBytes: 0),
            errors: 0, warnings: 0, tests: tests, treeHash: "t")
    }

    private func rules(before: TestCounts?, now: TestCounts?) -> [String] {
        var input = GateInput(files: [], commands: [["pytest"]], evidence: [evidence(now)])
        if let before { input.testsBefore["test"] = before }
        return GateReview.findings(input).map(\.rule)
    }

    @Test func testsAreCounted() {
        let three = TestCounts(passed: 2, failed: 1)
        #expect(rules(before: three, now: TestCounts(passed: 2)) == ["fewer-tests-run"])
        #expect(rules(before: three, now: TestCounts(passed: 2, skipped: 1)) == ["fewer-tests-run"])
        #expect(rules(before: three, now: TestCounts(passed: 3, skipped: 1)) == ["fewer-tests-run"])
        #expect(rules(before: TestCounts(passed: 3), now: nil) == ["fewer-tests-run"])
        #expect(rules(before: three, now: nil) == [], "a run that passes may print no counts")
        #expect(rules(before: three, now: TestCounts(passed: 3)) == [])
        #expect(rules(before: TestCounts(passed: 1, skipped: 1), now: TestCounts(passed: 4)) == [])
        #expect(rules(before: nil, now: TestCounts(passed: 1, skipped: 3)) == [])
        #expect(rules(before: nil, now: nil) == [])
    }

    private func failing(_ name: String, _ path: String = "test_a.py", line: Int = 4) -> Diagnostic {
        Diagnostic(
            tool: "pytest", severity: .error, message: "assert 2 == 1.5", path: path,
            range: TextRange(startLine: line, startColumn: 1, endLine: line, endColumn: 1), test: FailedTest(name: name)
        )
    }

    @Test(arguments: [
        "test_a.py::test_mean", "tests/test_a.py::TestStats::test_mean[1]", "test_mean", "Suite/test_mean()",
    ])
    func whatAFailingTestAssertsIsHeld(_ name: String) {
        var input = GateInput(
            files: [
                GateFile(
                    path: "test_a.py",
                    old: Array(GateText.pythonBody.replacing("@@", with: "assert stats.mean([1, 2]) == 1.5").utf8),
                    new: Array(GateText.pythonBody.replacing("@@", with: "assert stats.mean([1, 2]) == 2").utf8))
            ], commands: [["pytest"]])
        #expect(GateReview.findings(input) == [])
        input.diagnosticsBefore = [failing(name)]
        #expect(GateReview.findings(input).map(\.rule) == ["failing-test-changed"])
        input.diagnosticsBefore = [failing("test_max")]
        #expect(GateReview.findings(input) == [])
    }

    @Test func whatAProgramAssertsIsHeldByItsLine() {
        let old = "int main(void) {\n    assert(area(1, 2) == 2);\n}\n"
        var input = GateInput(
            files: [
                GateFile(
                    path: "tests/area.c", old: Array(old.utf8), new: Array(old.replacing("== 2", with: "== 3").utf8))
            ],
            commands: [["make", "test"]])
        #expect(GateReview.findings(input) == [])
        input.diagnosticsBefore = [failing("area", "tests/area.c", line: 2)]
        #expect(GateReview.findings(input).map(\.rule) == ["failing-test-changed"])
    }

    @Test func productsThatDecideHowChecksRunAreSeen() {
        var input = GateInput(files: [], commands: [["pytest"]])
        input.products = [
            ("build/sitecustomize.py", false), (".venv/bin/pytest", true), ("node_modules/.bin/jest", true),
        ]
        #expect(GateReview.findings(input).map(\.rule) == ["tool-shadowed", "tool-shadowed", "tool-shadowed"])
        input.products = [("build/a.o", false), (".venv/bin/pytest", false), ("node_modules/.bin/jest", false)]
        #expect(GateReview.findings(input) == [])
    }

    @Test func whatCannotBeLookedAtIsTold() {
        var input = GateInput(
            files: [GateFile(path: "test_a.py", isUnread: true), GateFile(path: "movie.mp4", isUnread: true)],
            commands: [["pytest"]])
        #expect(GateReview.findings(input).map(\.path) == ["test_a.py"])
        input.files = [GateFile(path: "test_a.py", old: Array("assert f()\n".utf8), new: [0])]
        #expect(GateReview.findings(input).map(\.rule) == ["change-not-reviewed"])
        input.files = (0...GateInput.maximumFiles).map { GateFile(path: "a\($0).py", old: [0x61], new: [0x62]) }
        #expect(GateReview.findings(input).map(\.rule) == ["change-not-reviewed"])
    }

    @Test func findingsAreFew() {
        let lines = (0..<100).map { "x\($0) = 1  # noqa" }.joined(separator: "\n")
        let input = GateInput(
            files: (0..<100).map { GateFile(path: "a\($0).py", old: [], new: Array(lines.utf8)) },
            commands: [["make"]])
        let findings = GateReview.findings(input)
        #expect(findings.count == GateInput.maximumFindings)
        #expect(findings.last?.message.hasSuffix("; and 450 more findings") == true)
    }

    /// Shapes that are slow for a careless reader; a quadratic one would take hours.
    @Test(arguments: [
        "def test_a():\n", " def test_a():\n", "\t", "# ", "\"\"\"", "/*", "[a]\n", "a = b ", "it('a', () => {", "{\n",
        "\\", "\"",
        "test: a b c\n\t./a\n", "assert a == a, ", "-Wall ", "@test(", "add_test(", "\u{0}", "é", "\r\n", "- a:\n",
        "))))",
    ])
    func hostileFilesTakeLinearTime(_ piece: String) {
        let text = Array(String(repeating: piece, count: 30_000 / piece.utf8.count).utf8)
        for path in ["test_a.py", "Makefile", "a.test.ts", "a_test.cpp", "tsconfig.json", "CMakeLists.txt"] {
            _ = GateReview.findings(
                GateInput(files: [GateFile(path: path, old: text, new: Array(text.reversed()))], commands: [["make"]]))
        }
    }

    @Test func anyBytesAreTaken() {
        var random = SeededGenerator(seed: 7)
        for path in ["test_a.py", "Makefile", "a.test.ts", "package.json", "pyproject.toml", "src/a.rs", "a.lua"] {
            for _ in 0..<20 {
                func bytes() -> [UInt8] {
                    (0..<Int.random(in: 0...400, using: &random)).map { _ in
                        Bool.random(using: &random)
                            ? UInt8.random(in: 0...255, using: &random)
                            : Array("\n\t #\"'{}()[]=:;@-/*testdef".utf8).randomElement(using: &random) ?? 0
                    }
                }
                _ = GateReview.findings(
                    GateInput(files: [GateFile(path: path, old: bytes(), new: bytes())], commands: [["make"]]))
            }
        }
    }
}
