import AgentProtocol
import Testing

@testable import LanguageServer

@Suite struct DiagnosticBoardTests {
    @Test func mergesSessionsAndChecks() {
        var board = DiagnosticBoard()
        _ = board.report("a", "build", [Sample.diagnostic("one")])
        _ = board.report("a", "lint", [Sample.diagnostic("two")])
        _ = board.report("b", "build", [Sample.diagnostic("one")])
        #expect(board.entries(for: "/w/main.c").map(\.diagnostic.message) == ["one", "two"], "equal findings once")
        #expect(board.clear(session: "a") == ["/w/main.c"])
        #expect(board.entries(for: "/w/main.c").map(\.session) == ["b"])
        #expect(board.clear(session: "a").isEmpty)
    }

    @Test func filesNoLongerReportedAreAffected() {
        var board = DiagnosticBoard()
        _ = board.report("a", "build", [Sample.diagnostic(path: "x.c")])
        let affected = board.report("a", "build", [Sample.diagnostic(path: "y.c")])
        #expect(affected == ["/w/x.c", "/w/y.c"])
        #expect(board.entries(for: "/w/x.c").isEmpty)
    }

    @Test func pathsThatLeaveTheWorkspaceAreDropped() {
        var board = DiagnosticBoard()
        let paths = ["../x", "/etc/passwd", "", "a/../../b", ".git/config"]
        let affected = board.report("a", "build", paths.map { Sample.diagnostic(path: $0) })
        #expect(affected.isEmpty)
    }

    @Test func clearsSingleFiles() {
        var board = DiagnosticBoard()
        _ = board.report("a", "build", [Sample.diagnostic(path: "x.c"), Sample.diagnostic(path: "y.c")])
        #expect(board.clear(session: "a", paths: ["/w/x.c", "/w/z.c"]) == ["/w/x.c"])
        #expect(board.paths(of: "a") == ["/w/y.c"])
    }
}

extension DiagnosticBoard {
    fileprivate mutating func report(_ session: String, _ check: String, _ diagnostics: [Diagnostic]) -> Set<String> {
        update(
            session: session, folder: "/w",
            DiagnosticsUpdated(
                check: check, diagnostics: diagnostics, total: diagnostics.count, new: 0, fixed: 0, remaining: 0))
    }
}
