import AgentProtocol
import Diagnostics
import Testing

/// `node --test`, mocha, jest and vitest: what they print for people.
@Suite struct JavaScriptTestRunnerTests {
    private static let files = [
        "calc.js": "exports.add = (a, b) => a - b;", "test-mocha.js": "", "node.test.mjs": "", "calc.test.js": "",
    ]

    private func values(_ output: ParsedOutput) -> [String] {
        output.diagnostics.compactMap(\.test).map { "\($0.name) | \($0.expected ?? "-") | \($0.actual ?? "-")" }
    }

    @Test func nodeSpec() {
        let output = parse(stdout: Fixture.bytes("node20-spec.txt"), command: ["node", "--test"], files: Self.files)
        #expect(
            values(output) == [
                "Calc > adds two numbers | 3 | -1", "Calc > keeps objects | { a: 1, b: 3 } | { a: 1, b: 2 }",
                "Calc > says why | true | 0", "throws | - | -", "rejects | - | -",
            ])
        #expect(
            output.diagnostics.map { "\($0.path) \($0.range?.startLine ?? 0)" } == [
                "node.test.mjs 5", "node.test.mjs 6", "node.test.mjs 7", "calc.js 2", "node.test.mjs 13",
            ])
        #expect(output.diagnostics[3].test?.stack?.count == 2)
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 5, skipped: 2))
        #expect(output.tests?.outcomes["Calc > passes"] == .passed)
        #expect(output.tests?.outcomes["Calc > is to do"] == .skipped)
        #expect(output.unparsed == "")
    }

    @Test func mocha() {
        let output = parse(stdout: Fixture.bytes("mocha10.txt"), command: ["npx", "mocha"], files: Self.files)
        #expect(
            values(output) == [
                "Calc > throws | - | -", "Calc > times out | - | -", "Calc > rejects | - | -",
                "Calc > throws a string | - | -", "Calc > add > adds two numbers | 3 | -1",
                "Calc > add > keeps objects | \"b\": 3 | \"b\": 2",
                "Calc > add > keeps lines | three | two", "Calc > add > says why | - | -",
                "Hooks > \"before all\" hook for \"never runs\" | - | -",
            ])
        #expect(output.diagnostics.map(\.range?.startLine) == [2, nil, 15, nil, 5, 6, 7, 8, 19])
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 9, skipped: 2))
    }

    @Test func jest() {
        let output = parse(stdout: Fixture.bytes("jest29.txt"), command: ["npx", "jest"], files: Self.files)
        #expect(
            values(output) == [
                "Calc › add › adds two numbers | 3 | -1", "Calc › add › keeps objects | \"b\": 3, | \"b\": 2,",
                "Calc › add › keeps lines | three | two", "Calc › add › is true | - | -",
                "Calc › add › has length | 3 | 2", "Calc › add › contains | 5 | [1, 2]", "Calc › add › is not | - | -",
                "Calc › add › raises | - | -", "Calc › throws | - | -", "Calc › rejects | - | -",
            ])
        #expect(output.diagnostics.map(\.range?.startLine) == [4, 5, 6, 7, 8, 9, 10, 11, 2, 17, 1])
        #expect(
            output.diagnostics.last.map { brief($0) }
                == "jest error broken.test.js 1:11-1:11: SyntaxError: Unexpected token")
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 10, skipped: 2))
        #expect(output.unparsed == "")
        let clean = parse(stdout: Fixture.bytes("jest29-clean.txt"), command: ["npx", "jest"], files: Self.files)
        #expect(clean.diagnostics.isEmpty)
        #expect(clean.tests?.counts == TestCounts(passed: 1, skipped: 12))
    }

    @Test func vitest() {
        let output = parse(
            """
             FAIL  calc.test.js > Calc > adds
            AssertionError: expected -1 to be 3 // Object.is equality

            - Expected
            + Received

            - 3
            + -1

             ❯ calc.test.js:4:44

             Test Files  1 failed (1)
                  Tests  1 failed | 3 passed | 1 skipped (5)
            """, command: ["npx", "vitest", "run"], files: Self.files)
        #expect(output.diagnostics.map(\.test?.name) == ["Calc > adds"])
        #expect(output.diagnostics.map(\.range?.startLine) == [4])
        #expect(output.tests?.counts == TestCounts(passed: 3, failed: 1, skipped: 1))
    }
}
