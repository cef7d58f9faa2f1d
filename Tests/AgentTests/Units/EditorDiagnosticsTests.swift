import AgentProtocol
import Testing

@testable import Agent

@Suite("Diagnostics of the editor, as the model reads them")
struct EditorDiagnosticsTests {
    private func diagnostic(
        _ message: String, _ severity: Diagnostic.Severity = .error, related: [RelatedLocation]? = nil
    ) -> Diagnostic {
        Diagnostic(
            tool: "clangd", severity: severity, code: "E1", message: message, path: "src/a.c",
            range: TextRange(startLine: 3, startColumn: 5, endLine: 3, endColumn: 6), sourceLine: "int y = x;",
            related: related)
    }

    @Test("Each says what it is, where, which tool and rule, its line and its notes; the most severe first")
    func whole() {
        let note = RelatedLocation(
            path: "src/b.h", range: TextRange(startLine: 1, startColumn: 2, endLine: 1, endColumn: 3),
            message: "declared here")
        let text = EditorDiagnostics.text([
            diagnostic("unused", .hint), diagnostic("x is unknown\ndid you mean y?", related: [note]),
        ])
        #expect(
            text == """
                Diagnostics that the user points at (2):
                src/a.c:3:5: error: x is unknown
                    did you mean y? [clangd E1]
                    3 | int y = x;
                    note: src/b.h:1:2: declared here
                src/a.c:3:5: hint: unused [clangd E1]
                    3 | int y = x;
                """)
    }

    @Test("What a failed test wanted and got is there")
    func failedTest() {
        var failed = Diagnostic(tool: "pytest", severity: .error, message: "assert", path: "t.py")
        failed.test = FailedTest(name: "t.py::one", expected: "4", actual: "5")
        let text = EditorDiagnostics.text([failed])
        #expect(text.hasSuffix("t.py: error: assert [pytest]\n    expected: 4\n    actual: 5"))
    }

    @Test("It is bounded in bytes, and says how many are left out")
    func bounded() {
        let many = (0..<5000).map { diagnostic("number \($0)", $0 % 2 == 0 ? .warning : .error) }
        let text = EditorDiagnostics.text(many)
        #expect(text.utf8.count < EditorDiagnostics.maximumBytes + 500)
        let shown = text.split(separator: "\n").count { $0.hasPrefix("src/a.c") }
        #expect(shown > 100)
        #expect(!text.contains("warning: number"), "errors fill the space")
        #expect(text.hasSuffix("… and \(5000 - shown) more, left out here: \(2500 - shown) error, 2500 warning"))
        let huge = String(repeating: "ä", count: 1 << 20)
        #expect(EditorDiagnostics.text([diagnostic(huge)]).utf8.count < 4 << 10)
        #expect(
            EditorDiagnostics.text([
                diagnostic(
                    "x",
                    related: (0..<9).map {
                        RelatedLocation(path: "b.c", range: nil, message: "\($0) \(huge)")
                    })
            ]).contains("… and 5 more notes"))
    }
}
