import AgentProtocol
import Diagnostics
import Testing

/// JUnit, TAP, ctest, workflow commands and MSBuild.
@Suite struct GeneralFormatTests {
    func tests(_ output: ParsedOutput) -> [String] {
        output.diagnostics.compactMap(\.test).map { test in
            let stack = (test.stack ?? []).map { "\($0.path):\($0.range?.startLine ?? 0)" }
            return "\(test.name) \(test.expected ?? "-") \(test.actual ?? "-") \(stack)"
        }
    }

    @Test func junitOfNode() {
        let output = parse(reports: [.fixture("node20-junit.xml")], files: ["a.test.js": "x"])
        #expect(output.tests?.counts == TestCounts(passed: 2, failed: 3, skipped: 2))
        #expect(
            tests(output) == [
                "fails 3 2 [\"a.test.js:5\"]",
                "outer > inner bad { a: 2 } { a: 1 } [\"a.test.js:10\", \"a.test.js:9\"]",
                "throws - - [\"a.test.js:15\"]",
            ])
        #expect(output.diagnostics.map(\.range?.startLine) == [5, 10, 15])
    }

    @Test func tapOfNode() {
        let output = parse(stdout: Fixture.bytes("node20.tap"), files: ["a.test.js": "x"])
        #expect(output.tests?.counts == TestCounts(passed: 2, failed: 3, skipped: 2))
        #expect(
            tests(output) == [
                "fails 3 2 [\"a.test.js:5\"]", "outer > inner bad a: 2 a: 1 [\"a.test.js:10\", \"a.test.js:9\"]",
                "throws - - [\"a.test.js:15\"]",
            ])
        #expect(output.unparsed == "")
    }

    /// The report and the text of one run tell each failure once.
    @Test func reportAndTextAreOne() {
        let output = parse(
            stdout: Fixture.bytes("node20.tap"), reports: [.fixture("node20-junit.xml")], files: ["a.test.js": "x"])
        #expect(output.diagnostics.compactMap(\.test).map(\.name) == ["fails", "outer > inner bad", "throws"])
        #expect(output.diagnostics.count == 3)
        #expect(output.tests?.counts.total == 7)
        let ctest = parse(
            stdout: Fixture.bytes("ctest.txt"), command: ["ctest"], reports: [.fixture("ctest-junit.xml")])
        #expect(ctest.diagnostics.compactMap(\.test).map(\.name) == ["fails", "crashes", "slow", "missing"])
        #expect(ctest.diagnostics.count == 4)
    }

    @Test func tapOfPerl() {
        let output = parse(stdout: Fixture.bytes("perl.tap"), files: ["t/a.t": "x\ny\nz\nw"])
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 2, skipped: 1))
        #expect(
            output.briefs == [
                "tap error t/a.t 3:1-3:2: sum: Failed test 'sum'",
                "tap error t/a.t 4:1-4:2: 3: Failed test at t/a.t line 4.",
            ])
        #expect(tests(output) == ["sum 3 2 []", "3 - - []"])
    }

    @Test func tapStream() {
        let output = parse(
            """
            TAP version 14
            1..3
            not ok 1 - parent {
                1..1
                not ok 1 - child
                  ---
                  message: "it's bad"
                  at:
                    file: lib/a.c
                    line: 7
                  found: 1
                  wanted: |
                    2
                    3
                  ...
            }
            ok 2 # SKIP why
            Bail out! no disk
            """)
        #expect(
            output.briefs.contains("tap error lib/a.c 7:1-7:1: child: it's bad")
                && output.briefs.contains("tap error - -: the run was given up: no disk"))
        #expect(tests(output).contains("child 2\n3 1 []"))
        // Words that happen to be alike.
        #expect(parse("ok 1 we go\nok, then\nnot ok with me\n1.. 4\n").tests == nil)
    }

    @Test func ctest() {
        let output = parse(stdout: Fixture.bytes("ctest.txt"), command: ["ctest"])
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 4, skipped: 1))
        #expect(
            output.briefs == [
                "ctest error - -: fails: Subprocess aborted", "ctest error - -: crashes: Exception: SegFault",
                "ctest error - -: missing: Not Run", "ctest error - -: slow: Timeout",
            ])
        let clean = parse(stdout: Fixture.bytes("ctest-clean.txt"), command: ["ctest"])
        #expect(clean.diagnostics.isEmpty)
        #expect(clean.tests?.counts == TestCounts(passed: 1))
    }

    @Test func junitOfJava() {
        let output = parse(
            #"""
            <?xml version="1.0"?><testsuite name="com.acme.CalcTest" tests="3"><testcase name="adds" classname="com.acme.CalcTest">
            <failure message="expected: &lt;3&gt; but was: &lt;2&gt;" type="org.opentest4j.AssertionFailedError">org.opentest4j.AssertionFailedError: expected: &lt;3&gt; but was: &lt;2&gt;
            	at org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
            	at com.acme.CalcTest.adds(CalcTest.java:2)
            </failure></testcase><testcase name="works" classname="com.acme.CalcTest"/><testcase name="off" classname="com.acme.CalcTest"><skipped/></testcase></testsuite>
            """#, files: ["src/test/java/com/acme/CalcTest.java": "a\n  bc\n"])
        #expect(output.tests?.counts == TestCounts(passed: 1, failed: 1, skipped: 1))
        #expect(
            output.briefs == [
                "junit error src/test/java/com/acme/CalcTest.java 2:3-2:5: com.acme.CalcTest.adds: expected: <3> but was: <2>"
            ])
        #expect(tests(output) == ["com.acme.CalcTest.adds 3 2 [\"src/test/java/com/acme/CalcTest.java:2\"]"])
    }

    static let values: [(String, String, String)] = [
        ("expected:<a[b]> but was:<a[c]>", "a[b]", "a[c]"), ("expected [1] but found [2]", "1", "2"),
        ("Expected: is <3>\n     but: was <4>", "is <3>", "<4>"), ("Expected: 1\nActual:   2", "1", "2"),
        ("  Expected: 1\n  But was:  2", "1", "2"),
        ("expect(received).toBe(expected)\n\nExpected: 5\nReceived: 4", "5", "4"),
        ("assert 1 == 2", "2", "1"), ("AssertionError: 1 != 2", "2", "1"), ("expected 1 to equal 2", "2", "1"),
        ("expected 3, got 4", "3", "4"),
        ("Expected objects to be equal.\nPassed in:\n(number) 1\nExpected:\n(number) 2", "(number) 2", "(number) 1"),
        ("\texpected: 1\n\tactual  : 2", "1", "2"),
    ]

    @Test(arguments: values) func expectedAndActual(message: String, expected: String, actual: String) {
        let text = message.replacing("<", with: "&lt;").replacing("\n", with: "&#10;")
        let output = parse(
            "<testsuite><testcase name=\"t\"><failure message=\"\(text)\"/></testcase></testsuite>")
        #expect(output.diagnostics.first?.test?.expected == expected)
        #expect(output.diagnostics.first?.test?.actual == actual)
    }

    @Test func workflowCommands() {
        let output = parse(
            """
            ::error file=src/a.c,line=3,endLine=4,col=5,endColumn=7,title=Bad%3A thing::first%0Asecond 100%25
            ::notice::hm
            ::group::x
            ##[warning]odd
            ##vso[task.logissue type=error;sourcepath=a.cs;linenumber=2;columnnumber=4;code=CS1;]vso bad
            ##[error]Process completed with exit code 1.
            :: error ::x
            """)
        #expect(
            output.briefs == [
                "github error src/a.c 3:5-4:8: Bad: thing: first\nsecond 100%", "github information - -: hm",
                "github warning - -: odd", "github error [CS1] a.cs 2:4-2:4: vso bad",
            ])
        #expect(output.unparsed == "::group::x\n:: error ::x")
    }

    @Test func msbuild() {
        let output = parse(
            """
            C:\\work\\app\\src\\Calc.cs(3,7): error CS1002: ; expected [C:\\work\\app\\app.csproj]
              1>src\\Calc.cs(5,1,5,9): warning CS0168: The variable 'x' is declared [C:\\work\\app\\app.csproj::TargetFramework=net8.0]
            CSC : error CS2001: Source file 'no.cs' could not be found. [C:\\work\\app\\app.csproj]
            C:\\work\\app\\src\\Calc.cs(3,7): error CS1002: ; expected [C:\\work\\app\\app.csproj]
              Failed Acme.CalcTest.Adds [12 ms]
              Error Message:
               Assert.Equal() Failure: Values differ
            Expected: 1
            Actual:   2
              Stack Trace:
                 at Acme.CalcTest.Adds() in C:\\work\\app\\src\\Calc.cs:line 2
            Failed!  - Failed:     1, Passed:     2, Skipped:     3, Total:     6, Duration: 12 ms - app.dll (net8.0)
            """, command: ["dotnet", "test"], files: ["src/Calc.cs": "a\n  b\nint é x"])
        #expect(
            output.briefs == [
                "msbuild error [CS1002] src/Calc.cs 3:8-3:9: ; expected",
                "msbuild warning [CS0168] src/Calc.cs 5:1-5:9: The variable 'x' is declared",
                "msbuild error [CS2001] - -: Source file 'no.cs' could not be found.",
                "dotnet-test error src/Calc.cs 2:3-2:4: Acme.CalcTest.Adds: Assert.Equal() Failure: Values differ\n"
                    + "Expected: 1\nActual:   2",
            ])
        #expect(tests(output) == ["Acme.CalcTest.Adds 1 2 [\"src/Calc.cs:2\"]"])
        #expect(output.tests?.counts == TestCounts(passed: 2, failed: 1, skipped: 3))
    }
}
