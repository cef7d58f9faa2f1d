import AgentProtocol
import Diagnostics
import Testing

@Suite struct TestTallyTests {
    /// A report and the text tell of the same tests in other words: neither takes away from the other.
    @Test func twoParsersOfOneTest() {
        let report = #"<testsuite name="s"><testcase name="one"/></testsuite>"#
        let text = "TAP version 13\n1..4\nnot ok 1 - one\nok 2 - two\nok 3 - three\nok 4 - four\n"
        let output = parse(
            stdout: Array(text.utf8), command: ["tap"], reports: [.init(path: "r.xml", bytes: Array(report.utf8))])
        #expect(output.tests?.counts == TestCounts(passed: 3, failed: 1))
        #expect(output.tests?.outcomes["one"] == .failed)
    }

    @Test func theLastRunOfATestCounts() {
        let text = "TAP version 13\n1..2\nnot ok 1 - one\nok 2 - one\n"
        #expect(parse(text, command: ["tap"]).tests?.counts == TestCounts(passed: 1))
    }
}
