import AgentProtocol
import Diagnostics
import Testing

@Suite struct ReportTests {
    static let files = [
        "a.c": "int f(void) {\n\treturn undeclared_fn(1);\n}\n", "b.c": "int x = y;\n",
    ]
    static let workspace = Workspace(files: files)
    static let output = parse(
        """
        b.c:1:9: error: ‘y’ undeclared
        a.c:2:9: warning: implicit declaration of function ‘undeclared_fn’ [-Wimplicit-function-declaration]
        a.h:7:1: note: declare it here
        a.c:2:9: error: too few arguments
        odd line
        """, command: ["clang"], files: files)

    func report(
        _ diagnostics: [Diagnostic] = output.diagnostics, delta: DiagnosticDelta? = nil, unparsed: String = "",
        touched: Set<String> = [], passed: Bool = false, bytes: Int = 4096
    ) -> String {
        DiagnosticReport.text(
            check: "build", passed: passed, delta: delta, diagnostics: diagnostics, unparsed: unparsed,
            touchedPaths: touched, sourceLine: Self.workspace.line, maximumBytes: bytes)
    }

    @Test func whole() {
        #expect(
            report(unparsed: "odd line", touched: ["a.c"]) == """
                Check “build” failed: 2 errors, 1 warning.
                a.c:2:9: error: too few arguments (clang)
                    2 | \treturn undeclared_fn(1);
                      | \t       ^~~~~~~~~~~~~
                b.c:1:9: error: ‘y’ undeclared (clang)
                    1 | int x = y;
                      |         ^
                a.c:2:9: warning: implicit declaration of function ‘undeclared_fn’ [-Wimplicit-function-declaration] (clang)
                    2 | \treturn undeclared_fn(1);
                      | \t       ^~~~~~~~~~~~~
                    note: a.h:7:1: declare it here

                Output that no parser understood:
                odd line

                """)
    }

    @Test func delta() {
        let all = Self.output.diagnostics
        let delta = DiagnosticDelta.compare(baseline: [all[0], all[1]], current: [all[1], all[2]])
        #expect(
            report([all[1], all[2]], delta: delta) == """
                Check “build” failed: 1 error, 1 warning. New: 1 error. Fixed: 1. Still there: 1.

                New:
                a.c:2:9: error: too few arguments (clang)
                    2 | \treturn undeclared_fn(1);
                      | \t       ^~~~~~~~~~~~~

                There before the change and still:
                a.c:2:9: warning: implicit declaration of function ‘undeclared_fn’ [-Wimplicit-function-declaration] (clang)
                    2 | \treturn undeclared_fn(1);
                      | \t       ^~~~~~~~~~~~~
                    note: a.h:7:1: declare it here

                Fixed:
                b.c:1:9: error: ‘y’ undeclared (clang)

                """)
    }

    @Test func passedShowsNoLeftover() {
        #expect(report([], unparsed: "all fine", passed: true) == "Check “build” passed: 0 errors.\n")
    }

    /// The first is told in full, the others are counted.
    @Test func boundedInSize() {
        let many = (1...500).map { index in
            Diagnostic(
                tool: "t", severity: .error, message: "message number \(index)", path: "p\(index).c",
                range: TextRange(startLine: 1, startColumn: 1, endLine: 1, endColumn: 2), fingerprint: "\(index)")
        }
        for bytes in [0, 10, 100, 300, 1000, 5000] {
            let text = report(many, unparsed: String(repeating: "é out\n", count: 1000), bytes: bytes)
            #expect(text.utf8.count <= bytes)
            if bytes >= 300 {
                #expect(text.contains("p1.c:1:1: error: message number 1 (t)\n"))
                #expect(text.contains(" more\n"))
            }
            if bytes >= 1000 { #expect(text.hasSuffix("é out\n\n") || text.hasSuffix("é out\n")) }
        }
    }

    @Test func onlyLeftover() {
        let text = report([], unparsed: (0..<1000).map { "line \($0)" }.joined(separator: "\n"), bytes: 500)
        #expect(text.utf8.count <= 500)
        #expect(text.hasSuffix("line 999\n"))
        #expect(text.hasPrefix("Check “build” failed: 0 errors.\n\nOutput that no parser understood:\n…\nline "))
    }
}
