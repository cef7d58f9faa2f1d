import AgentProtocol
import Diagnostics
import Testing

@Suite struct PythonOutputTests {
    func pytest(_ name: String) -> ParsedOutput {
        parse(stdout: Fixture.bytes(name), command: ["python3", "-m", "pytest", "-q"], root: "/src/py")
    }

    @Test func failuresAndErrors() {
        let output = pytest("pytest-run.txt")
        #expect(
            output.briefs == [
                "pytest error test_x.py 9:1-9:1: test_err (setup): RuntimeError: fixture",
                "pytest error test_x.py 3:1-3:1: test_bad: AssertionError: msg\nassert {'a': 1} == {'a': 2}\n  \n"
                    + "  Differing items:\n  {'a': 1} != {'a': 2}\n  Use -v to get more diff",
                "pytest error test_x.py 12:1-12:1: test_p[1]: assert 1 == 2",
            ])
        #expect(output.unparsed == "")
        #expect(output.parsersUsed == ["pytest"])
    }

    @Test func collectionError() {
        let output = pytest("pytest.txt")
        #expect(
            output.briefs == [
                "pytest error test_coll.py 1:1-1:1: collecting test_coll.py: "
                    + "ModuleNotFoundError: No module named 'nope_module'"
            ])
        #expect(output.unparsed == "")
    }

    static let placed = [
        "tests/test_a.py 5", "tests/test_a.py 8", "tests/test_a.py 8", "pkg/m.py 6", "tests/test_a.py 13",
    ]

    /// Whatever the style of tracebacks, the same places and the same first lines.
    @Test(arguments: ["pytest-long.txt", "pytest-short.txt", "pytest-native.txt", "pytest9-junit.xml"])
    func styles(name: String) {
        let output = pytest(name)
        #expect(output.diagnostics.map { "\($0.path) \($0.range?.startLine ?? 0)" } == Self.placed)
        let firstLines = output.diagnostics.map { diagnostic in
            let line = diagnostic.message.split(separator: "\n").first.map(String.init) ?? ""
            return line.hasPrefix("tests.test_a.") ? String(line.dropFirst("tests.test_a.".count)) : line
        }
        #expect(
            firstLines == [
                "TestK.test_one: AssertionError: assert 3 == 4",
                "TestK.test_two[a-b]: AssertionError: assert 'a-b' == 'q'",
                "TestK.test_two[c d]: AssertionError: assert 'c d' == 'q'",
                "test_raises: ValueError: deep",
                "test_json: json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: "
                    + "line 1 column 2 (char 1)",
            ])
        #expect(output.unparsed == "")
    }

    @Test func stackBecomesRelatedPlaces() {
        let output = pytest("pytest-short.txt")
        #expect(
            (output.diagnostics[3].related ?? []).map { brief($0) } == [
                "tests/test_a.py 10:1-10:1: called from here, in test_raises",
                "pkg/m.py 4:1-4:1: called from here, in g",
            ])
        #expect(
            (output.diagnostics[4].related ?? []).map { brief($0) } == [
                "- -: raised here, in raw_decode (/usr/lib/python3.11/json/decoder.py:353)"
            ])
    }

    /// Addresses of objects differ in every run of the same failing test.
    @Test func fingerprintsIgnoreAddresses() {
        let first = pytest("pytest-long.txt").diagnostics.map(\.fingerprint)
        #expect(first == pytest("pytest-short.txt").diagnostics.map(\.fingerprint))
        #expect(Set(first).count == 5)
    }

    @Test func summaryOnly() {
        let output = pytest("pytest-no.txt")
        #expect(
            output.briefs == [
                "pytest error tests/test_a.py -: TestK.test_one: AssertionError: assert 3 == 4",
                "pytest error tests/test_a.py -: TestK.test_two[a-b]: AssertionError: assert 'a-b' =...",
                "pytest error tests/test_a.py -: TestK.test_two[c d]: AssertionError: assert 'c d' =...",
                "pytest error tests/test_a.py -: test_raises: ValueError: deep",
                "pytest error tests/test_a.py -: test_json: json.decoder.JSONDecodeError: Expecting p...",
            ])
    }

    @Test func lineStyle() {
        let output = pytest("pytest-line.txt")
        #expect(output.diagnostics.count == 5)
        #expect(
            output.briefs.first?.hasPrefix(
                "pytest error tests/test_a.py 5:1-5:1: TestK.test_one: AssertionError: assert 3 == 4\n +  where 3 =")
                == true)
        #expect(output.diagnostics.map(\.test?.name) == pytest("pytest-short.txt").diagnostics.map(\.test?.name))
    }

    @Test func whatATestPrintedIsLeftForTheModel() {
        let output = parse(
            """
            =================================== FAILURES ===================================
            ___________________________________ test_bad ___________________________________
            >   assert f() == 2
            E   assert 1 == 2

            test_x.py:3: AssertionError
            ----------------------------- Captured stdout call -----------------------------
            debug: f is odd
            =========================== short test summary info ============================
            FAILED test_x.py::test_bad - assert 1 == 2
            1 failed in 0.08s
            """, command: ["pytest"])
        #expect(output.briefs == ["pytest error test_x.py 3:1-3:1: test_bad: assert 1 == 2"])
        #expect(
            output.unparsed
                == "----------------------------- Captured stdout call -----------------------------\ndebug: f is odd")
    }

    @Test func junitOfCollectionError() {
        let output = pytest("pytest-junit.xml")
        #expect(
            output.briefs == [
                "pytest error test_coll.py 1:1-1:1: collecting test_coll: ModuleNotFoundError: No module named 'nope_module'"
            ])
    }

    @Test func junitOfAnotherRunner() {
        let swift = parse(stdout: Fixture.bytes("swift-xunit-swift-testing.xml"))
        #expect(
            swift.briefs == [
                "junit error - -: AppTests.S.req(): Expectation failed: v → nil (error)",
                "junit error - -: AppTests.S.bad(x:): Expectation failed: (x → 1) == 2 (error)",
            ])
        let other = parse(
            """
            before
            <testsuite name='s'><testcase name="t" file="test/a.rb" line="7">
            <failure message="a &lt; b&#10;c"/></testcase>
            <testcase classname="C" name="u"><error><![CDATA[
              boom
              lib/b.rb:3: in run]]></error></testcase><testcase name="ok"/></testsuite> after
            """, files: ["lib/b.rb": "x"])
        #expect(
            other.briefs == ["junit error test/a.rb 7:1-7:1: t: a < b\nc", "junit error lib/b.rb 3:1-3:1: C.u: boom"])
        #expect(other.unparsed == "before\n after")
    }

    @Test func syntaxErrorAndTraceback() {
        #expect(
            parse(stderr: Fixture.bytes("py-syntax.txt"), command: ["python3", "syn.py"]).briefs == [
                "python error syn.py 1:1-1:1: SyntaxError: invalid syntax"
            ])
        let output = parse(
            """
            Traceback (most recent call last):
              File "<string>", line 1, in <module>
              File "/src/pkg/m.py", line 4, in g
                return h()
                       ^^^
              File "/usr/lib/python3/dist-packages/x.py", line 6, in h
                raise ValueError("deep")
            ValueError: deep
            done
            """)
        #expect(output.briefs == ["python error pkg/m.py 4:1-4:1: ValueError: deep"])
        #expect(output.unparsed == "done")
    }

    @Test func tracebackThatBreaksOff() {
        let output = parse("Traceback (most recent call last):\n  File \"m.py\", line 4, in g\n")
        #expect(output.diagnostics.isEmpty)
        #expect(output.unparsed.hasPrefix("Traceback"))
    }
}
