import Testing

@testable import LanguageServer

@Suite struct LineDifferenceTests {
    /// Applies edits as a client does: all positions are of the text before.
    static func apply(_ edits: [LSP.TextEdit], to text: TextBuffer, _ mapper: PositionMapper) -> TextBuffer {
        var result = text
        for edit in edits.sorted(by: { $0.range.start > $1.range.start }) {
            result.replace(
                from: mapper.point(of: edit.range.start, in: text), to: mapper.point(of: edit.range.end, in: text),
                with: Array(edit.newText.utf8))
        }
        return result
    }

    @Test func touchesOnlyWhatChanged() {
        let old = TextBuffer("one\ntwo\nthree\nfour\nfive\n")
        let new = TextBuffer("one\nTWO\nthree\nfour\nfour and a half\nfive\n")
        #expect(
            LineDifference.hunks(from: old, to: new) == [
                .init(old: 1..<2, new: 1..<2), .init(old: 4..<4, new: 4..<5),
            ])
    }

    @Test func equalTextsHaveNoEdits() {
        #expect(LineDifference.hunks(from: TextBuffer("a\nb"), to: TextBuffer("a\nb")).isEmpty)
    }

    @Test(arguments: [
        ("", "a"), ("a", ""), ("a", "a\n"), ("a\n", "a"), ("a\nb", "b"), ("a\nb\n", "a\nb\nc"), ("x", "x\ny\nz\n"),
        ("a\r\nb\r\n", "a\nb\n"), ("é😀", "é😀\nü"),
    ])
    func lastLinesWork(old: String, new: String) {
        for encoding in PositionEncoding.allCases {
            let mapper = PositionMapper(encoding: encoding)
            let edits = LineDifference.edits(from: TextBuffer(old), to: TextBuffer(new), mapper: mapper)
            #expect(Self.apply(edits, to: TextBuffer(old), mapper).text == new)
        }
    }

    @Test(arguments: 0..<200)
    func randomTextsBecomeEachOther(seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        func text() -> String {
            let lines = (0..<Int.random(in: 0...25, using: &random)).map { _ in
                ["a", "b", "c", "", "ä😀"].randomElement(using: &random) ?? ""
            }
            return lines.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : "")
        }
        let (old, new) = (TextBuffer(text()), TextBuffer(text()))
        let mapper = PositionMapper(encoding: .utf16)
        let edits = LineDifference.edits(from: old, to: new, mapper: mapper)
        #expect(Self.apply(edits, to: old, mapper) == new)
        let hunks = LineDifference.hunks(from: old, to: new)
        let changed = hunks.reduce(0) { $0 + $1.old.count + $1.new.count }
        #expect(changed == Self.leastChanges(old.lines, new.lines), "as few lines as can be")
    }

    /// By the textbook table.
    static func leastChanges(_ old: [[UInt8]], _ new: [[UInt8]]) -> Int {
        var row = Array(0...new.count)
        for (i, line) in old.enumerated() {
            var previous = row
            swap(&previous, &row)
            row = [i + 1]
            for (j, other) in new.enumerated() {
                row.append(line == other ? previous[j] : min(previous[j + 1], row[j]) + 1)
            }
        }
        return row[new.count]
    }

    @Test func hugeDifferencesAreOneHunk() {
        let old = TextBuffer((0..<2000).map { "old \($0)\n" }.joined())
        let new = TextBuffer((0..<2000).map { "new \($0)\n" }.joined())
        #expect(LineDifference.hunks(from: old, to: new) == [.init(old: 0..<2000, new: 0..<2000)])
    }
}
