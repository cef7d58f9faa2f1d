import AgentProtocol
import Diagnostics
import Testing

/// XCTest and Swift Testing: the tests, their values, the totals, the stream of events.
@Suite struct SwiftTestRunnerTests {
    private static let files = [
        "Tests/AppTests/ST.swift": (1...20).map { _ in "    @Test func free() {}" }.joined(separator: "\n"),
        "Tests/AppTests/XT.swift": "import XCTest",
    ]

    private func read(_ name: String?, events: String? = nil) -> ParsedOutput {
        parse(
            stdout: name.map { Fixture.bytes($0) } ?? [], command: ["swift", "test"],
            reports: events.map { [.fixture($0)] } ?? [], files: Self.files)
    }

    private func values(_ output: ParsedOutput, _ tool: String) -> [String] {
        output.diagnostics.filter { $0.tool == tool }.compactMap(\.test).map { test in
            "\(test.name) | \(test.expected ?? "-") | \(test.actual ?? "-")"
        }
    }

    private static let xctest = [
        "XT/testEqual | 3 | -1", "XT/testFail | - | -", "XT/testMany | a\nc | a\nb", "XT/testNil | nil | -1",
        "XT/testNoThrow | - | -", "XT/testOrder | < -5 | -1", "XT/testThrows | - | -", "XT/testTrue | true | false",
        "XT/testUnwrap | not nil | nil",
    ]
    private static let testing = [
        "array() | [1, 3] | [1, 2, 3]", "boolean() | true | false", "each(value:) | 2 | 0", "each(value:) | 3 | 1",
        "each(value:) | 4 | 2", "equal() | 3 | -1", "free() | 4 | 0", "named() | > 10 | 2", "notThrowing() | - | -",
        "recorded() | - | -", "required() | not nil | nil", "text() | \"one\nthree\" | \"one\ntwo\"",
        "throwing() | - | -",
    ]

    @Test func text() {
        let output = read("swift63-test.txt")
        #expect(values(output, "xctest") == Self.xctest)
        #expect(
            values(output, "swift-testing").sorted()
                == (Self.testing.filter { !$0.hasPrefix("named") } + ["a display name | > 10 | 2"]).sorted())
        #expect(output.tests?.counts == TestCounts(passed: 4, failed: 20, skipped: 2))
        #expect(output.tests?.outcomes["XT/testSkipped"] == .skipped)
        #expect(output.tests?.outcomes["known()"] == .passed)
        #expect(output.unparsed == "")
        #expect(
            output.diagnostics.first { $0.test?.name == "array()" }?.message
                == "array(): Expectation failed: [1, 2, 3] == [1, 3]\n± inserted [2]")
        #expect(
            output.diagnostics[2].message == "XT.testMany: XCTAssertEqual failed: (\"a\nb\") is not equal to (\"a\nc\")"
        )
    }

    /// The list of tests tells their module, and those that pass.
    @Test func parallel() {
        let output = read("swift63-test-parallel.txt")
        #expect(values(output, "xctest") == Self.xctest.map { "AppTests." + $0 })
        // What is skipped says nothing here.
        #expect(output.tests?.counts == TestCounts(passed: 5, failed: 20, skipped: 1))
        #expect(output.unparsed == "")
    }

    @Test func verbose() {
        let output = read("swift63-test-verbose.txt")
        #expect(values(output, "swift-testing").sorted() == Self.testing)
        #expect(output.unparsed == "")
    }

    @Test(arguments: ["swift63-events.jsonl", "swift63-events0.jsonl"]) func events(name: String) {
        let output = read(nil, events: name)
        let full = Self.testing.map { $0.hasPrefix("free()") ? "AppTests.\($0)" : "AppTests.Sums/\($0)" }
        #expect(values(output, "swift-testing").sorted() == full.sorted())
        #expect(output.diagnostics.allSatisfy { $0.path == "Tests/AppTests/ST.swift" && $0.severity == .error })
        #expect(output.diagnostics.contains { brief($0.range).hasPrefix("19:21-") })
        #expect(output.tests?.counts == TestCounts(passed: 2, failed: 11, skipped: 1))
        #expect(output.tests?.outcomes["AppTests.Sums/off()"] == .skipped)
    }

    /// The text tells the same failures again, by less of a name.
    @Test func eventsAndText() {
        let output = read("swift63-test.txt", events: "swift63-events.jsonl")
        #expect(output.diagnostics.count == 13 + 9)
        #expect(values(output, "swift-testing").allSatisfy { $0.hasPrefix("AppTests.") })
        #expect(output.tests?.counts == TestCounts(passed: 4, failed: 20, skipped: 2))
        #expect(output.tests?.outcomes.count == 26)
    }

    @Test func passing() {
        let output = read("swift63-test-clean.txt", events: "swift63-events-clean.jsonl")
        #expect(output.diagnostics.isEmpty)
        #expect(output.tests?.counts == TestCounts(passed: 1))
        #expect(output.unparsed == "")
    }

    /// A report of XCTest has the module before the name.
    @Test func reportAndText() {
        let report =
            #"<testsuites><testsuite name="TestResults"><testcase classname="AppTests.XT" name="testFail">"#
            + #"<failure message="failed"/></testcase></testsuite></testsuites>"#
        let output = parse(
            "Test Case 'XT.testFail' started at 1\n/src/T.swift:6: error: XT.testFail : XCTAssertTrue failed - \n"
                + "Test Case 'XT.testFail' failed (0.1 seconds)\n",
            command: ["swift", "test"], reports: [.init(path: "r.xml", bytes: Array(report.utf8))])
        #expect(output.briefs == ["junit error T.swift 6:1-6:1: AppTests.XT.testFail: failed"])
        #expect(output.diagnostics.first?.test?.expected == "true")
    }

    @Test func crash() {
        let output = parse(
            "Test Case 'XT.testTrap' started at 1\nApp/App.swift:2: Fatal error: Index out of range\n",
            command: ["swift", "test"], files: ["Sources/App/App.swift": "\nlet a = b[9]"])
        #expect(output.diagnostics.first?.test?.name == "XT/testTrap")
        #expect(output.tests?.counts == TestCounts(failed: 1))
    }

    /// Any version's events of other kinds mean nothing.
    @Test func unknownEvents() {
        let output = parse(
            #"{"kind":"event","payload":{"kind":"valueAttached","testID":"A.b()"},"version":"99.0"}"# + "\n"
                + #"{"kind":"weather","payload":{"kind":"rain"},"version":"99.0"}"#, command: ["swift", "test"])
        #expect(output.diagnostics.isEmpty)
        #expect(output.tests == nil)
    }
}
