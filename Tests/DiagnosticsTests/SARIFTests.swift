import AgentProtocol
import Diagnostics
import Testing

@Suite struct SARIFTests {
    /// Clang's SARIF and its text name the same findings.
    @Test func clang() {
        let sarif = parse(stderr: Fixture.bytes("clang21.sarif"), command: ["clang", "-c", "b.c"], root: "/src/c")
        #expect(
            sarif.briefs == [
                "clang error a.h 2:48-2:48: no member named 'y' in 'struct S'",
                "clang error b.c 3:5-3:5: conflicting types for 'f'",
                "clang error b.c 5:56-5:57: incompatible integer to pointer conversion passing 'int' to parameter of "
                    + "type 'const char *'",
                "clang error b.c 5:61-5:63: use of undeclared identifier 'zz'",
            ])
        #expect(
            sarif.diagnostics[1].related.map { $0.map { brief($0) } } == ["a.h 3:5-3:5: previous declaration is here"])
        #expect(sarif.unparsed == "")
    }

    @Test func ruff() throws {
        let output = parse(stdout: Fixture.bytes("ruff.sarif"), command: ["ruff", "check"], root: "/src/py")
        #expect(output.diagnostics.count == 11)
        #expect(
            output.diagnostics.first
                == Diagnostic(
                    tool: "ruff", severity: .error, code: "I001",
                    codeURL: "https://docs.astral.sh/ruff/rules/unsorted-imports",
                    message: "Import block is un-sorted or un-formatted", path: "bad.py",
                    range: TextRange(startLine: 1, startColumn: 1, endLine: 2, endColumn: 24),
                    fixes: [
                        DiagnosticFix(
                            title: "Organize imports",
                            edits: [
                                .init(
                                    path: "bad.py",
                                    range: TextRange(startLine: 1, startColumn: 1, endLine: 3, endColumn: 1),
                                    newText: "import os\nimport sys\nfrom typing import List\n\n\n")
                            ])
                    ], fingerprint: "890fede1b916c8c7"))
        #expect(
            output.briefs.last == "ruff error [PLR0133] test_x.py 2:23-2:24: "
                + "Two constants compared in a comparison, consider replacing `1 == 1`")
    }

    @Test func everythingByReference() {
        let output = parse(
            stdout: Array(
                #"""
                noise
                {
                  "version": "2.1.0",
                  "runs": [{
                    "tool": {"driver": {"name": "GNU C++17", "rules": [
                      {"id": "R1", "helpUri": "javascript:alert(1)", "defaultConfiguration": {"level": "error"},
                       "messageStrings": {"m": {"text": "{0} is not {1}, {2}"}}}]}},
                    "originalUriBaseIds": {"ROOT": {"uri": "file:///src/a%20b/"}},
                    "artifacts": [{"location": {"uri": "x%2By.cc", "uriBaseId": "ROOT"}}],
                    "results": [
                      {"ruleIndex": 0, "message": {"id": "m", "arguments": ["a", "b"]},
                       "locations": [{"physicalLocation": {"artifactLocation": {"index": 0},
                                      "region": {"startLine": 2, "startColumn": 5, "endColumn": 6}}}],
                       "relatedLocations": [{"message": {"text": "see\u001b[31m"}, "physicalLocation":
                          {"artifactLocation": {"uri": "/etc/passwd"}, "region": {"startLine": 1}}}]},
                      {"kind": "pass", "message": {"text": "fine"}},
                      {"message": {"text": "hidden"}, "suppressions": [{"kind": "inSource"}]},
                      {"message": {"text": "no place"}, "level": "note"},
                      {"message": {}, "locations": 7}, null
                    ]}]
                } tail
                """#.utf8), files: ["a b/x+y.cc": "\nlet 😀x = 1"])
        #expect(
            output.briefs == [
                "g++ error [R1] a b/x+y.cc 2:5-2:9: a is not b, {2}",
                "g++ information - -: no place",
            ])
        #expect(output.diagnostics.first?.codeURL == nil)
        #expect(output.diagnostics.first?.related.map { $0.map { brief($0) } } == ["- -: see[31m (/etc/passwd:1)"])
        #expect(output.unparsed == "noise\n tail")
    }

    @Test func scalarColumns() {
        func text(_ kind: String) -> String {
            #"{"$schema": "s", "runs": [{"columnKind": "\#(kind)", "tool": {"driver": {"name": "T"}}, "results": "#
                + #"[{"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": "#
                + #"{"uri": "f"}, "region": {"startLine": 1, "startColumn": 3, "endColumn": 4}}}]}]}]}"#
        }
        let files = ["f": "😀ab"]
        #expect(parse(text("unicodeCodePoints"), files: files).briefs == ["t warning f 1:6-1:7: m"])
        #expect(parse(text("utf16CodeUnits"), files: files).briefs == ["t warning f 1:5-1:6: m"])
    }

    @Test func otherJSONIsLeftAlone() {
        let text = #"{"runs": 3, "version": "2.1.0"}"#
        #expect(parse(text).unparsed == text)
        #expect(parse("{\n" + text).unparsed == "{\n" + text)
    }

    private func log(_ run: String) -> String {
        #"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, \#(run)}]}"#
    }

    /// A base may be seen from another, and a place may be a function instead of a file.
    @Test func basesAndSymbols() {
        let output = parse(
            log(
                """
                "originalUriBaseIds": {"ROOT": {"uri": "file:///src/"}, "LIB": {"uri": "my%20lib/", "uriBaseId": "ROOT"},
                  "LOOP": {"uri": "l/", "uriBaseId": "LOOP"}},
                "logicalLocations": [{"fullyQualifiedName": "acme::Box::open"}],
                "results": [
                  {"message": {"text": "in a base"}, "locations": [{"physicalLocation": {"artifactLocation":
                    {"uri": "a.c", "uriBaseId": "LIB"}, "region": {"startLine": 2}}}]},
                  {"message": {"text": "in a loop"}, "locations": [{"physicalLocation": {"artifactLocation":
                    {"uri": "b.c", "uriBaseId": "LOOP"}, "region": {"startLine": 1}}}]},
                  {"message": {"text": "in a symbol"}, "locations": [{"logicalLocations": [{"index": 0}]}]},
                  {"message": {"text": "still open"}, "kind": "open"},
                  {"message": {"text": "let be"}, "suppressions": [{"kind": "inSource"}]},
                  {"message": {"text": "to be looked at"}, "suppressions": [{"kind": "external", "status": "rejected"}]}
                ]
                """))
        #expect(
            output.briefs == [
                "t warning my lib/a.c 2:1-2:1: in a base", "t warning l/l/l/l/l/l/l/l/b.c 1:1-1:1: in a loop",
                "t warning - -: in a symbol (in acme::Box::open)", "t warning - -: to be looked at",
            ])
    }

    /// Without an end, a region is the rest of the line.
    @Test func fixOfARestOfALine() {
        let output = parse(
            log(
                """
                "results": [{"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation":
                  {"uri": "a.c"}, "region": {"startLine": 1}}}], "fixes": [{"artifactChanges": [{"artifactLocation":
                  {"uri": "a.c"}, "replacements": [{"deletedRegion": {"startLine": 1, "startColumn": 3},
                  "insertedContent": {"text": "x"}}]}]}]}]
                """), files: ["a.c": "é = 1;\n"])
        #expect(
            output.diagnostics.first?.fixes?.first?.edits
                == [
                    .init(
                        path: "a.c", range: TextRange(startLine: 1, startColumn: 4, endLine: 1, endColumn: 8),
                        newText: "x")
                ])
    }
}
