import AgentProtocol
import Diagnostics
import Testing

@Suite struct GCCTests {
    static let lineFour = #"int main(void) { int y; char *p = 5; printf("%d\n", "s"); return undeclared_fn(y; }"#
    static let source = ["b.c": "#include <stdio.h>\n\nstatic int unused(int x) { return x }\n\(lineFour)\n"]

    @Test func jsonWithSource() throws {
        let output = parse(
            stderr: Fixture.bytes("gcc12-b.json"), command: ["gcc", "-fdiagnostics-format=json", "b.c"],
            files: Self.source)
        #expect(
            output.briefs == [
                "gcc error b.c 3:36-3:37: expected ‘;’ before ‘}’ token",
                "gcc warning [-Wint-conversion] b.c 4:35-4:36: "
                    + "initialization of ‘char *’ from ‘int’ makes pointer from integer without a cast",
                "gcc warning [-Wformat=] b.c 4:47-4:48: "
                    + "format ‘%d’ expects argument of type ‘int’, but argument 2 has type ‘char *’",
                "gcc warning [-Wimplicit-function-declaration] b.c 4:66-4:79: "
                    + "implicit declaration of function ‘undeclared_fn’",
                "gcc error b.c 4:81-4:82: expected ‘)’ before ‘;’ token",
                "gcc error b.c 4:82-4:83: expected ‘;’ before ‘}’ token",
                "gcc warning [-Wunused-variable] b.c 4:31-4:32: unused variable ‘p’",
                "gcc warning [-Wunused-function] b.c 3:12-3:18: ‘unused’ defined but not used",
            ])
        let format = try #require(output.diagnostics.first { $0.code == "-Wformat=" })
        #expect(
            format.fixes == [
                DiagnosticFix(
                    title: "Replace with “%s”",
                    edits: [
                        .init(
                            path: "b.c",
                            range: TextRange(startLine: 4, startColumn: 46, endLine: 4, endColumn: 48), newText: "%s")
                    ])
            ])
        #expect(
            format.codeURL == "https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html#index-Wformat=")
        #expect(output.unparsed == "")
        #expect(output.parsersUsed == ["gcc"])
    }

    /// Text and JSON of one run name the same findings by the same fingerprints.
    @Test func textAgreesWithJSON() {
        let json = parse(stderr: Fixture.bytes("gcc12-b.json"), command: ["gcc", "b.c"], files: Self.source)
        let text = parse(stderr: Fixture.bytes("gcc12-b.txt"), command: ["gcc", "b.c"], files: Self.source)
        let make = parse(stderr: Fixture.bytes("make-gcc.txt"), command: ["make"], files: Self.source)
        #expect(text.diagnostics.map(\.fingerprint) == json.diagnostics.map(\.fingerprint))
        #expect(make.diagnostics == text.diagnostics)
        #expect(make.unparsed == "gcc -Wall -c b.c")
        #expect(Set(text.diagnostics.map(\.fingerprint)).count == 8)
    }

    @Test(arguments: ["gcc12-a.json", "gcc12-a.txt"]) func fatal(name: String) {
        let output = parse(stderr: Fixture.bytes(name), command: ["gcc", "-c", "a.c"])
        #expect(output.briefs == ["gcc error a.c 2:10-2:21: missing.h: No such file or directory"])
        #expect(output.unparsed == "")
    }

    @Test func notesAndIncludes() {
        let output = parse(stderr: Fixture.bytes("gcc12-header.txt"), command: ["gcc", "-c", "b.c"], root: "/src/c")
        #expect(output.diagnostics.count == 5)
        #expect(
            output.diagnostics.first
                == Diagnostic(
                    tool: "gcc", severity: .error, message: "‘struct S’ has no member named ‘y’", path: "a.h",
                    range: TextRange(startLine: 2, startColumn: 46, endLine: 2, endColumn: 48),
                    related: [
                        RelatedLocation(
                            path: "b.c", range: TextRange(startLine: 1, startColumn: 1, endLine: 1, endColumn: 1),
                            message: "included from here")
                    ], fingerprint: "6c521610c29331b5"))
        #expect(
            output.diagnostics[2].related.map { $0.map { brief($0) } } == [
                "- -: expected ‘const char *’ but argument is of type ‘int’ (/usr/include/string.h:407:35)"
            ])
        #expect(
            output.briefs.last == "gcc warning [-Wunused-variable] b.c 5:22-5:22: unused variable ‘z’")
        #expect(output.unparsed == "")
    }

    @Test func clangText() {
        let output = parse(stderr: Fixture.bytes("clang21-header.txt"), command: ["make"], root: "/src/c")
        #expect(
            output.briefs == [
                "clang error a.h 2:48-2:48: no member named 'y' in 'struct S'",
                "clang error b.c 3:5-3:5: conflicting types for 'f'",
                "clang error [-Wint-conversion] b.c 5:56-5:56: incompatible integer to pointer conversion passing "
                    + "'int' to parameter of type 'const char *'",
                "clang error b.c 5:61-5:63: use of undeclared identifier 'zz'",
            ])
        #expect(
            output.diagnostics[1].related.map { $0.map { brief($0) } } == ["a.h 3:5-3:5: previous declaration is here"])
        #expect(output.unparsed == "")
    }

    /// An error in a system header is shown where the project's code asked for it.
    @Test func templateErrorInSystemHeader() throws {
        let output = parse(stderr: Fixture.bytes("gxx12-template.txt"), command: ["make"], root: "/src/c")
        #expect(output.diagnostics.count == 4)
        #expect(output.diagnostics.allSatisfy { $0.tool == "g++" && $0.path == "t.cpp" && $0.severity == .error })
        let error = output.diagnostics[2]
        #expect(error.range?.startLine == 5)
        #expect(error.range?.startColumn == 41)
        #expect(
            error.message == "no match for ‘operator<’ (operand types are ‘N’ and ‘N’) "
                + "(at /usr/include/c++/12/bits/predefined_ops.h:45:23)")
        let related = try #require(error.related)
        #expect(related.count <= DiagnosticLimits.related)
        #expect(related.last.map { brief($0) } == "t.cpp 1:1-1:1: included from here")
    }

    /// gcc counts cells of a terminal, clang bytes; both mean the same place.
    @Test func columnsBehindTabsAndWideCharacters() {
        let files = ["tab.c": "int main(void) {\n\tint é = undeclared;\tchar *s = \"éé\"; return zz;\n}\n"]
        let gcc = parse(
            """
            tab.c: In function ‘main’:
            tab.c:2:17: error: ‘undeclared’ undeclared (first use in this function)
                2 |         int é = undeclared;     char *s = "éé"; return zz;
                  |                 ^~~~~~~~~~
            tab.c:2:56: error: ‘zz’ undeclared (first use in this function)
            """, files: files)
        let clang = parse(
            """
            tab.c:2:11: error: use of undeclared identifier 'undeclared'
                2 |         int é = undeclared;    char *s = "éé"; return zz;
                  |                 ^~~~~~~~~~
            tab.c:2:48: error: use of undeclared identifier 'zz'
            2 errors generated.
            """, files: files)
        #expect(gcc.diagnostics.map { brief($0.range) } == ["2:11-2:21", "2:48-2:50"])
        #expect(clang.diagnostics.map { brief($0.range) } == gcc.diagnostics.map { brief($0.range) })
    }

    @Test func driverMessages() {
        let output = parse(
            """
            gcc: error: nosuch.c: No such file or directory
            gcc: fatal error: no input files
            cc1: all warnings being treated as errors
            compilation terminated.
            x86_64-linux-gnu-g++-12: error: unrecognized command-line option ‘-fzzz’
            clang: error: no such file or directory: 'x.c'
            clang: error: linker command failed with exit code 1 (use -v to see invocation)
            """)
        #expect(
            output.briefs == [
                "gcc error - -: nosuch.c: No such file or directory",
                "gcc error - -: no input files",
                "g++ error - -: unrecognized command-line option ‘-fzzz’",
                "clang error - -: no such file or directory: 'x.c'",
            ])
        #expect(output.unparsed == "")
    }

    @Test func parseableFixIts() {
        let output = parse(
            """
            b.c:4:47:{4:46-4:48}: warning: format specifies type 'int' [-Wformat]
                4 | printf
                  |        ^~
            fix-it:"b.c":{4:46-4:48}:"%s\\n\\"\\303\\251"
            fix-it:"b.c":{4:46-4:4x}:"broken"
            """, command: ["clang"])
        #expect(output.briefs == ["clang warning [-Wformat] b.c 4:47-4:49: format specifies type 'int'"])
        #expect(output.diagnostics.first?.fixes?.first?.edits.first?.newText == "%s\n\"é")
        #expect(output.diagnostics.first?.fixes?.count == 1)
        #expect(output.unparsed == "fix-it:\"b.c\":{4:46-4:4x}:\"broken\"")
    }

    @Test func wordsBehindJSONAreKept() {
        let output = parse(
            """
            [{"kind": "error", "locations": [{"caret": {"file": "x.c", "line": 1, "column": 2}}], "message": "bad"}] and more
            []
            tail
            """, command: ["gcc"])
        #expect(output.briefs == ["gcc error x.c 1:2-1:2: bad"])
        #expect(output.unparsed == " and more\ntail")
    }

    @Test func werrorCodes() {
        let output = parse(
            """
            a.c:1:1: error: unused variable 'p' [-Werror,-Wunused-variable]
            a.c:2:1: error: unused variable 'q' [-Werror=unused-variable]
            a.c:3:1: error: array subscript [0] is odd
            """, command: ["clang"])
        #expect(
            output.diagnostics.map(\.code) == ["-Wunused-variable", "-Werror=unused-variable", nil])
        #expect(output.diagnostics[2].message == "array subscript [0] is odd")
    }
}
