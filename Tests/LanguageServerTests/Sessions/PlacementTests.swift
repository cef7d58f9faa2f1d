import AgentProtocol
import Testing

@testable import LanguageServer

@Suite struct PlacementTests {
    private func placement(
        _ base: String, _ current: String, changes: [LineHunk] = [], encoding: PositionEncoding = .utf16
    ) -> Placement {
        Placement(
            changes: LineMap(LineChanges(path: "a", hunks: changes)),
            followed: FollowedText(base: TextBuffer(base), current: TextBuffer(current)),
            mapper: PositionMapper(encoding: encoding))
    }

    private func range(_ line: Int, _ columns: Range<Int>) -> TextRange {
        TextRange(startLine: line, startColumn: columns.lowerBound, endLine: line, endColumn: columns.upperBound)
    }

    private func place(_ line: Int, _ columns: Range<Int>, _ state: Placement.State = .current) -> Placement.Place {
        .init(
            range: LSP.Range(
                start: .init(line: line, character: columns.lowerBound),
                end: .init(line: line, character: columns.upperBound)), state: state)
    }

    @Test(arguments: [(PositionEncoding.utf8, 4..<7), (.utf16, 2..<3), (.utf32, 1..<2)])
    func movesWithTheTextInEveryEncoding(_ encoding: PositionEncoding, _ columns: Range<Int>) {
        let made = placement("😀漢 = 1\n", "// neu\n😀漢 = 1\n", encoding: encoding)
        #expect(made.place(range(1, 5..<8), sourceLine: "😀漢 = 1") == place(1, columns))
    }

    @Test func aLineThatTheUserChangedIsStaleWhereItIs() {
        let made = placement("int x = foo(1)\nint y\n", "\nint x = bar(1);\nint y\n")
        #expect(made.place(range(1, 9..<12)) == place(1, 8..<11, .stale), "the word that was changed")
        #expect(made.place(range(1, 5..<6)) == place(1, 4..<5, .stale), "what both lines begin with")
        #expect(made.place(range(1, 13..<14)) == place(1, 12..<13, .stale), "what stands behind the change")
        #expect(made.place(range(2, 5..<6)) == place(2, 4..<5))
    }

    @Test func aLineThatTheUserRemovedIsStaleWhereItWas() {
        #expect(placement("a\nb\nc\n", "a\nc\n").place(range(2, 1..<2)) == place(1, 0..<0, .stale))
        #expect(placement("a\nb", "a").place(range(2, 1..<2)).range.start.line <= 1)
    }

    @Test func theAgentsLinesAreMappedBack() {
        // The agent put two lines before line 1 and wrote line 2 anew.
        let hunks = [
            LineHunk(oldStart: 1, oldCount: 0, newStart: 1, newCount: 2),
            LineHunk(oldStart: 2, oldCount: 1, newStart: 4, newCount: 2),
        ]
        let made = placement("one\ntwo = 1\nthree\n", "// mine\none\ntwo = 1\nthree\n", changes: hunks)
        #expect(made.place(range(3, 1..<4), sourceLine: "one") == place(1, 0..<3))
        #expect(made.place(range(6, 1..<6), sourceLine: "three") == place(3, 0..<5))
        #expect(made.place(range(4, 7..<8), sourceLine: "two = 2") == place(2, 6..<7, .sandbox))
        #expect(made.place(range(1, 1..<4), sourceLine: "new") == place(0, 0..<7, .sandbox), "beside the user's own")
    }

    @Test func anAgentsLineThatTheUserHasByNowIsFound() {
        let hunks = [LineHunk(oldStart: 2, oldCount: 1, newStart: 2, newCount: 2)]
        let made = placement("one\ntwo\nthree\n", "one\n2a\n2b\nthree\n", changes: hunks)
        #expect(made.place(range(3, 1..<3), sourceLine: "2b") == place(2, 0..<2))
    }

    @Test func aFileThatIsNotWhatTheSessionStartedFromIsNotTrusted() {
        // The editor met the session later, when the file had other lines already.
        let made = placement("// new\nint total;\nint y;\n", "// new\nint total;\nint y;\n")
        #expect(made.place(range(1, 5..<10), sourceLine: "int total;") == place(1, 4..<9), "its line is found again")
        #expect(made.place(range(1, 5..<10), sourceLine: "int sum;").state == .stale)
        #expect(made.place(range(1, 1..<2), sourceLine: "}").state == .stale, "such a line is found everywhere")
    }

    @Test func severalLinesAreStaleWhenOneOfThemIs() {
        let whole = TextRange(startLine: 1, startColumn: 1, endLine: 4, endColumn: 1)
        #expect(placement("a\nb\nc\nd\n", "x\na\nb\nc\nd\n").place(whole).state == .current)
        #expect(placement("a\nb\nc\nd\n", "x\na\nb\nc\nd\n").place(whole).range.end == .init(line: 4, character: 0))
        #expect(placement("a\nb\nc\nd\n", "a\nB\nc\nd\n").place(whole).state == .stale)
        #expect(placement("a\nb\nc\nd\n", "a\nb\nc\nD\n").place(whole).state == .current, "it ends before line 4")
    }

    @Test func editsAreExactOrNothing() {
        let hunks = [LineHunk(oldStart: 1, oldCount: 0, newStart: 1, newCount: 1)]
        let made = placement("a\nb\nc", "a\nb\nC", changes: hunks)
        #expect(made.exactRange(range(2, 1..<2)) == .init(line: 0, column: 0)..<(.init(line: 0, column: 1)))
        #expect(made.exactRange(range(1, 1..<2)) == nil, "the agent's line")
        #expect(made.exactRange(range(4, 1..<2)) == nil, "changed by the user")
        #expect(made.exactRange(range(3, 1..<9)) == nil, "beyond the line")
        let line = TextRange(startLine: 3, startColumn: 1, endLine: 4, endColumn: 1)
        #expect(made.exactRange(line) == .init(line: 1, column: 0)..<(.init(line: 2, column: 0)), "a whole line")
        for hostile in [
            TextRange(startLine: .min, startColumn: .min, endLine: .max, endColumn: .max),
            TextRange(startLine: 1, startColumn: .min, endLine: .max, endColumn: .max),
            TextRange(startLine: .max, startColumn: .max, endLine: .min, endColumn: .min),
        ] {
            #expect(made.exactRange(hostile) == nil)
            _ = made.place(hostile, sourceLine: "x")
        }
    }

    /// Random agents and users: a diagnostic that is called current stands on the text that the tool saw.
    @Test(arguments: 0..<150) func currentMeansTheSameLine(seed: Int) {
        var random = SeededGenerator(UInt64(seed) &* 7907 &+ 5)
        func edited(_ lines: [String]) -> [String] {
            var lines = lines
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let start = Int.random(in: 0...lines.count, using: &random)
                let end = Int.random(in: start...min(lines.count, start + 2), using: &random)
                let new = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                    "line \(Int.random(in: 0..<50, using: &random)) 😀"
                }
                lines.replaceSubrange(start..<end, with: new)
            }
            return lines
        }
        let base = (0..<20).map { "line \($0) é" }
        let (sandbox, user) = (edited(base), edited(base))
        func text(_ lines: [String]) -> TextBuffer { TextBuffer(lines.joined(separator: "\n") + "\n") }
        let hunks = LineDifference.hunks(from: text(base), to: text(sandbox)).map {
            LineHunk(
                oldStart: $0.old.lowerBound + 1, oldCount: $0.old.count, newStart: $0.new.lowerBound + 1,
                newCount: $0.new.count)
        }
        let made = placement(text(base).text, text(user).text, changes: hunks)
        for (index, line) in sandbox.enumerated() {
            let found = made.place(range(index + 1, 1..<4), sourceLine: line)
            let seen = user.indices.contains(found.range.start.line) ? user[found.range.start.line] : nil
            switch found.state {
            case .current: #expect(seen == line, "seed \(seed), line \(index)")
            case .stale: #expect(base.contains(line), "seed \(seed), line \(index)")
            case .sandbox: #expect(!base.contains(line) || !user.contains(line), "seed \(seed), line \(index)")
            }
            #expect(found.range.start.line <= user.count)
        }
    }
}
