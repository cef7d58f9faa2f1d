import AgentProtocol
import Diagnostics
import Testing

/// pytest and unittest: the tests, their values and stacks, the totals.
@Suite struct PythonTestRunnerTests {
    private static let files = [
        "calc.py": (1...14).map { _ in "    return twice(self.value)" }.joined(separator: "\n"),
        "test_calc.py": (1...90).map { _ in "    assert add(1, 2) == 3" }.joined(separator: "\n"),
    ]

    private func pytest(_ name: String) -> ParsedOutput {
        parse(stdout: Fixture.bytes(name), command: ["pytest"], files: Self.files)
    }

    /// A test, what it expected and what it got.
    private func values(_ output: ParsedOutput) -> [String] {
        output.diagnostics.compactMap(\.test).map { test in
            "\(test.name.split(separator: ":").last ?? "") | \(test.expected ?? "-") | \(test.actual ?? "-")"
        }
    }

    private static let values = [
        "test_error | - | -", "test_equal | 3 | -1", "test_dict | {'a': 1, 'b': 3} | {'a': 1, 'b': 2}",
        "test_long_list | 99 | 11", #"test_text | 'one\n2\nthree' | 'one\ntwo\nthree'"#, "test_in | in [1, 2] | 5",
        "test_truth | - | -", "test_none | None | 3", "test_approx | 0.3 ± 3.0e-07 | 0.4", "test_raises | - | -",
        "test_deep | - | -", "test_unexpected_pass | - | -", "test_each[1] | 2 | 1", "test_each[a - b] | 2 | 'a - b'",
        "test_value | 2 | 1", "test_fail | - | -",
    ]

    @Test(arguments: [
        "pytest9.txt", "pytest9-short.txt", "pytest9-native.txt", "pytest9-line.txt", "pytest9b-junit.xml",
    ])
    func failures(name: String) {
        let output = pytest(name)
        // junit has them in the order in which they ran.
        #expect(values(output).sorted() == Self.values.sorted(), "\(name)")
        #expect(output.diagnostics.map(\.test?.name).contains("test_calc.py::TestBox::test_value"))
        #expect(output.tests?.counts == TestCounts(passed: 2, failed: 16, skipped: 2))
        #expect(output.unparsed == "", "\(name)")
    }

    @Test func stack() {
        let deep = pytest("pytest9.txt").diagnostics.first { $0.test?.name == "test_calc.py::test_deep" }
        #expect(deep.map { brief($0) }?.hasPrefix("pytest error calc.py 14:5-14:29: test_deep: TypeError") == true)
        #expect(
            deep?.test?.stack?.map { brief($0) } == [
                "calc.py 14:5-14:29: ", "calc.py 10:5-10:29: in doubled", "test_calc.py 48:5-48:26: ",
            ])
    }

    @Test func outcomesByName() {
        let output = pytest("pytest9-v.txt")
        #expect(output.tests?.outcomes.count == 20)
        #expect(output.tests?.outcomes["test_calc.py::test_each[2]"] == .passed)
        #expect(output.tests?.outcomes["test_calc.py::test_expected_failure"] == .skipped)
        #expect(output.tests?.outcomes["test_calc.py::test_error"] == .failed)
        let clean = pytest("pytest9-clean.txt")
        #expect(clean.diagnostics.isEmpty)
        #expect(clean.tests?.counts == TestCounts(passed: 2, skipped: 2))
        #expect(clean.unparsed == "")
    }

    /// The report's names and those of the text are of the same tests.
    @Test func reportAndText() {
        let output = parse(
            stdout: Fixture.bytes("pytest9-v.txt"), command: ["pytest"], reports: [.fixture("pytest9b-junit.xml")],
            files: Self.files)
        #expect(output.diagnostics.count == 16)
        #expect(output.tests?.outcomes.count == 20)
        #expect(output.tests?.outcomes["test_calc.py::TestBox::test_fine"] == .passed)
    }

    /// Shown where the error is, and not at the test that imports the file.
    @Test(arguments: ["pytest9-syntax.txt", "pytest9-syntax-junit.xml"]) func syntaxError(name: String) {
        let output = parse(
            stdout: Fixture.bytes(name), command: ["pytest"],
            files: [
                "stats.py": "def mean(values):\n    if not values\n        return 0\n", "test_stats.py": "import stats",
                "test_own.py": "def test_it():\n    assert (1 ==\n",
                "test_tab.py": "def test_a():\n  if True:\n\treturn\n",
            ])
        #expect(
            output.briefs == [
                "pytest error test_own.py 2:12-2:13: SyntaxError: '(' was never closed",
                "pytest error stats.py 2:18-2:18: SyntaxError: expected ':'",
                "pytest error test_tab.py 3:1-3:2: TabError: inconsistent use of tabs and spaces in indentation",
            ])
        #expect(output.diagnostics[1].related?.map { brief($0) } == ["test_stats.py 1:1-1:13: imported here"])
        #expect(output.tests?.counts == TestCounts(failed: 3))
        #expect(output.unparsed == "")
    }

    @Test(arguments: ["unittest.txt", "unittest-v.txt"]) func unittest(name: String) {
        let output = parse(stderr: Fixture.bytes(name), command: ["python3", "-m", "unittest"], files: Self.files)
        #expect(
            output.diagnostics.compactMap(\.test).map { "\($0.name) | \($0.expected ?? "-") | \($0.actual ?? "-")" }
                == [
                    "test_calc.Broken | - | -", "test_calc.SumTest.test_deep | - | -",
                    "test_calc.SumTest.test_dict | {'a': 2} | {'a': 1}", "test_calc.SumTest.test_equal | 3 | -1",
                    "test_calc.SumTest.test_in | in [1, 2] | 5", "test_calc.SumTest.test_less | < 1 | 2",
                    "test_calc.SumTest.test_list | [1, 3] | [1, 2, 3]", "test_calc.SumTest.test_message | 3 | -1",
                    "test_calc.SumTest.test_near | 0.4 | 0.1", "test_calc.SumTest.test_none | None | 3",
                    "test_calc.SumTest.test_parts (value=0) | 1 | 0", "test_calc.SumTest.test_parts (value=2) | 1 | 2",
                    "test_calc.SumTest.test_raises | - | -",
                    #"test_calc.SumTest.test_text | 'one\n2\n' | 'one\ntwo\n'"#,
                    "test_calc.SumTest.test_true | true | 0", "test_calc.SumTest.test_unexpected | - | -",
                ])
        #expect(output.diagnostics[2].message == "SyntaxError: expected ':'")
        #expect(output.diagnostics[2].path == "stats.py")
        #expect(output.diagnostics[1].test?.stack?.count == 3)
        #expect(output.tests?.counts.passed == 1)
        #expect(output.tests?.counts.skipped == 2)
        #expect(output.unparsed == "")
        #expect(output.parsersUsed == ["unittest"])
    }

    @Test func unittestThatPasses() {
        let output = parse(stderr: Fixture.bytes("unittest-clean.txt"), command: ["python3", "-m", "unittest"])
        #expect(output.tests?.counts == TestCounts(passed: 1))
        #expect(output.unparsed == "")
    }

    @Test(arguments: [
        ("assert 'a == b' == 'c'", "'c'", "'a == b'"), ("assert [1, 2 == [1", "[1", "[1, 2"),
        ("AssertionError: assert f(1 == 2) is True", "True", "f(1 == 2)"), ("assert 3 < 2", "< 2", "3"),
        ("AssertionError: 1 == 1", "!= 1", "1"), ("AssertionError: Lists differ: [' != '] != []", "[]", "[' != ']"),
    ])
    func assertions(line: String, expected: String, actual: String) {
        let output = parse(
            """
            =================================== FAILURES ===================================
            ____________________________________ test_a ____________________________________
            E   \(line)

            test_a.py:3: AssertionError
            1 failed in 0.08s
            """, command: ["pytest"])
        #expect(
            output.diagnostics.first?.test
                == FailedTest(
                    name: "test_a.py::test_a", expected: expected, actual: actual,
                    stack: output.diagnostics.first?.test?.stack))
        #expect(output.tests?.counts == TestCounts(failed: 1))
    }

    @Test func syntaxErrorOfAProgram() {
        let output = parse(
            "  File \"/src/a.py\", line 2\n    if (x\n       ^\nSyntaxError: '(' was never closed\n",
            command: ["python3"],
            files: ["a.py": "def f(x):\n        if (x\n"])
        #expect(output.briefs == ["python error a.py 2:12-2:13: SyntaxError: '(' was never closed"])
    }
}
