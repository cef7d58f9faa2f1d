import Diagnostics
import Testing

@Suite struct GenericTests {
    @Test func mypy() {
        let output = parse(stdout: Fixture.bytes("mypy.txt"), command: ["python3", "-m", "mypy", "."])
        #expect(
            output.briefs == [
                "mypy error [name-defined] bad.py 4:16-4:30: Name \"undefined_name\" is not defined",
                "mypy error [return-value] bad.py 6:32-6:35: Incompatible return value type (got \"str\", expected \"int\")",
                "mypy error [list-item] bad.py 7:17-7:20: List item 0 has incompatible type \"str\"; expected \"int\"",
            ])
        #expect(output.unparsed == "Found 3 errors in 1 file (checked 1 source file)")
        #expect(output.parsersUsed == ["generic"])
    }

    @Test func shellcheck() {
        let output = parse(stdout: Fixture.bytes("shellcheck-gcc.txt"), command: ["shellcheck", "-f", "gcc", "s.sh"])
        #expect(output.diagnostics.count == 9)
        #expect(
            output.briefs.first
                == "shellcheck error [SC2045] s.sh 2:10-2:10: Iterating over ls output is fragile. Use globs.")
        #expect(
            output.briefs.last == "shellcheck warning [SC2164] s.sh 4:1-4:1: "
                + "Use 'cd ... || exit' or 'cd ... || return' in case cd fails.")
    }

    @Test(arguments: [
        ("x.lua:3: error: bad", "x.lua 3:1-3:1 error: bad"),
        ("x.lua:3:7: Warning: odd", "x.lua 3:7-3:7 warning: odd"),
        ("lib/x:3:7: fatal error: odd", nil),
        ("x.ts:1:2: error TS2322: no", "x.ts 1:2-1:2 error: no"),
        ("x.ts:1:2: info: hm", "x.ts 1:2-1:2 information: hm"),
        ("x.ts:1:2: something else", nil),
        ("x.ts:1:2: errors: 5", nil),
        ("2026-11-24 03:09:17: error: bad", nil),
        ("http://host:80: error: bad", nil),
        ("127.0.0.1:80: error: refused", nil),
        (" x.ts:1:2: error: indented", nil),
        (":1:2: error: nameless", nil),
        ("x.ts:0:0: error: nowhere", nil),
        ("x.ts:1:2: error:", nil),
        ("x.ts:99999999999999999999:1: error: far", nil),
        ("../x.ts:1:2: error: outside", "- - error: outside (at /x.ts:1:2)"),
        ("file:///src/a%20b.ts:1:2: error: uri", "a b.ts 1:2-1:2 error: uri"),
    ]) func lines(text: String, expected: String?) {
        let output = parse(text, command: ["tool"])
        let found = output.diagnostics.map { diagnostic in
            let path = diagnostic.path.isEmpty ? "-" : diagnostic.path
            return "\(path) \(brief(diagnostic.range)) \(diagnostic.severity.rawValue): \(diagnostic.message)"
        }
        #expect(found == expected.map { [$0] } ?? [])
        #expect(output.unparsed == (expected == nil ? text : ""))
    }

    /// A name without extension is believed when there is such a file.
    @Test func knownFile() {
        let output = parse(
            "bin/run:2:1: error: bad", command: ["/usr/bin/env", "A=1", "/x/tool"], files: ["bin/run": "a\nfoo bar"])
        #expect(output.briefs == ["tool error bin/run 2:1-2:4: bad"])
    }

    @Test func forcedParser() {
        let text = "a.c:1:2: error: bad\n"
        #expect(parse(text, command: ["gcc"], parser: "generic").diagnostics.map(\.tool) == ["gcc"])
        #expect(parse(text, command: ["tool"], parser: "generic").diagnostics.map(\.tool) == ["tool"])
        #expect(parse(text, command: ["gcc"], parser: "pytest").unparsed == "a.c:1:2: error: bad")
        #expect(parse(text, command: ["gcc"], parser: "no such parser").diagnostics.count == 1)
        #expect(DiagnosticParsing.parserNames.contains("generic"))
        #expect(Set(DiagnosticParsing.parserNames).count == DiagnosticParsing.parserNames.count)
    }
}
