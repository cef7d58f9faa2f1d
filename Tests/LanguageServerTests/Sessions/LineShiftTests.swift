import Testing

@testable import LanguageServer

@Suite struct LineShiftTests {
    private func shift(_ patches: String...) -> LineShift {
        var shift = LineShift()
        for patch in patches { shift.append(patch: patch) }
        return shift
    }

    @Test func followsInsertedLines() {
        let shift = shift("--- a/x\n+++ b/x\n@@ -1,2 +1,4 @@\n+#include <a>\n+#include <b>\n int x;\n int y;\n")
        #expect([1, 2, 3, 4, 10].map(shift.originalLine) == [1, 1, 1, 2, 8])
    }

    @Test func followsRemovedLines() {
        let shift = shift("@@ -1,4 +1,2 @@\n a\n-b\n-c\n d\n")
        #expect([1, 2, 3].map(shift.originalLine) == [1, 4, 5])
    }

    @Test func followsSeveralSteps() {
        let shift = shift("@@ -0,0 +1,1 @@\n+one\n", "@@ -1,1 +1,2 @@\n+two\n one\n")
        #expect([3, 4].map(shift.originalLine) == [1, 2])
    }

    @Test(arguments: ["", "garbage", "@@ x @@\n+a", "@@ -1 +1 @@", "@@ -99999999999999999999 +1 @@\n+a\n", "+a\n-b\n"])
    func brokenPatchesShiftNothing(patch: String) {
        #expect(shift(patch).originalLine(5) == 5)
    }

    @Test(arguments: 0..<100)
    func agreesWithTheDifference(seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        // Distinct lines, so that it is known where each came from.
        var lines = (1...20).map { "old \($0)" }
        for step in 0..<Int.random(in: 1...6, using: &random) {
            let index = Int.random(in: 0..<lines.count, using: &random)
            if Bool.random(using: &random), lines.count > 5 {
                lines.remove(at: index)
            } else {
                lines.insert("new \(step)", at: index)
            }
        }
        let old = (1...20).map { "old \($0)" }
        let hunks = LineDifference.hunks(from: buffer(old), to: buffer(lines))
        let patch = hunks.map { hunk in
            // git names the line before an empty side.
            let oldStart = hunk.old.isEmpty ? hunk.old.lowerBound : hunk.old.lowerBound + 1
            let newStart = hunk.new.isEmpty ? hunk.new.lowerBound : hunk.new.lowerBound + 1
            return "@@ -\(oldStart),\(hunk.old.count) +\(newStart),\(hunk.new.count) @@\n"
                + old[hunk.old].map { "-\($0)\n" }.joined() + lines[hunk.new].map { "+\($0)\n" }.joined()
        }.joined()
        let shift = shift(patch)
        for (index, line) in lines.enumerated() where line.hasPrefix("old ") {
            #expect(shift.originalLine(index + 1) == Int(line.dropFirst(4)), "seed \(seed)")
        }
    }

    private func buffer(_ lines: [String]) -> TextBuffer { TextBuffer(lines.map { $0 + "\n" }.joined()) }
}
