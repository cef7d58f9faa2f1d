import Forges
import Testing

@testable import Agent

struct PipelineLogTests {
    @Test(
        "What runners put before lines is taken away",
        arguments: [
            ("2026-11-28T03:00:00.1234567Z a.c:1:1: error: x", "a.c:1:1: error: x"),
            ("\u{FEFF}2026-11-28T03:00:00.1Z ##[error]a.c:1: x", "a.c:1: x"),
            ("2026-11-28T03:00:00.123456Z 00O a.c:1: x", "a.c:1: x"),
            ("2026-11-28T03:00:00.123456Z 01E+ a.c", " a.c"),
            ("2026-11-28T03:00:00 is no time here", "2026-11-28T03:00:00 is no time here"),
            ("2026-11-28T03:00:00Z", "2026-11-28T03:00:00Z"), ("", ""), ("2026", "2026"),
        ])
    func clean(line: String, rest: String) {
        #expect(PipelineLog.clean(Array(line.utf8)) == Array("\(rest)\n".utf8))
    }

    @Test("The place of the repository is the one that the log names")
    func root() {
        let name = RepositoryName(owner: "octo", name: "hello")
        #expect(PipelineLog.root([], .github, name) == "/home/runner/work/hello/hello")
        #expect(PipelineLog.root(Array("x /__w/hello/hello/a.c".utf8), .github, name) == "/__w/hello/hello")
        #expect(PipelineLog.root([], .gitlab, RepositoryName(owner: "g/s", name: "p")) == "/builds/g/s/p")
    }

    @Test("A prompt holds what others wrote between marks that they cannot know, and no more than so much")
    func untrusted() {
        let publication = Publication(remote: "r", repository: "o/n", branch: "b", commit: "c")
        let text = WatchPrompt.repair(publication, [String(repeating: "x", count: 1 << 20)], round: 1, of: 2)
        #expect(text.utf8.count < WatchPrompt.maximumBytes + 2000)
        let marks = text.split(separator: "\n").filter { $0.hasPrefix("--- ") }
        #expect(marks.count == 2 && marks[0] == marks[1])
        #expect(
            WatchPrompt.repair(publication, [], round: 1, of: 2) != WatchPrompt.repair(publication, [], round: 1, of: 2)
        )
    }
}
