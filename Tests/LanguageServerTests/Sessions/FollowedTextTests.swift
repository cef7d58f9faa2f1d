import Testing

@testable import LanguageServer

@Suite struct FollowedTextTests {
    private static let mapper = PositionMapper(encoding: .utf16)

    /// A document and the text that follows it.
    private struct Follower {
        var document: OpenDocument
        var text: FollowedText

        init(_ base: String) {
            document = OpenDocument(uri: "file:///a", path: "/a", version: 0, buffer: TextBuffer(base), saved: nil)
            text = FollowedText(base: TextBuffer(base), current: TextBuffer(base))
        }

        mutating func edit(_ changes: LSP.ContentChange...) {
            let edits = document.apply(changes, mapper: mapper)
            text.follow(edits, to: document.buffer)
        }
    }

    private static func change(_ start: (Int, Int), _ end: (Int, Int), _ text: String) -> LSP.ContentChange {
        LSP.ContentChange(
            range: LSP.Range(
                start: .init(line: start.0, character: start.1), end: .init(line: end.0, character: end.1)), text: text)
    }

    @Test func anEditThatIsUndoneIsNone() {
        var one = Follower("a\nb\nc\nd\n")
        one.edit(Self.change((1, 1), (1, 1), "!"))
        #expect(one.text.map.newPlace(ofOld: 1) == .gap(1..<2, offset: 0))
        one.edit(Self.change((1, 1), (1, 2), ""))
        #expect(one.text.map.hunks.isEmpty)
        one.edit(Self.change((0, 0), (3, 0), ""))
        #expect(one.text.map.newPlace(ofOld: 3) == .line(0))
        one.edit(Self.change((0, 0), (0, 0), "a\nb\nc\n"))
        #expect(one.text.map.hunks.isEmpty)
    }

    @Test func aLinePutInMovesWhatIsBelow() {
        var one = Follower("a\nb\nc")
        one.edit(Self.change((0, 1), (0, 1), "\nnew"), Self.change((3, 1), (3, 1), "\n"))
        #expect((0..<3).map(one.text.map.newPlace) == [.line(0), .line(2), .line(3)], "a last line ends or not")
    }

    @Test func aWholeTextIsCompared() {
        var one = Follower("a\nb\nc\n")
        one.edit(LSP.ContentChange(range: nil, text: "x\na\nB\nc\n"))
        #expect((0..<3).map(one.text.map.newPlace) == [.line(1), .gap(2..<3, offset: 0), .line(3)])
    }

    @Test func hiddenLineEndingsAreNoChange() {
        var text = FollowedText(base: TextBuffer("a\r\nb\r\n"), current: TextBuffer("a\r\nb\r\n"))
        text.replace(TextBuffer("a\nb\n"))
        #expect(text.map.hunks.isEmpty)
        #expect(text.base.lines == TextBuffer("a\nb\n").lines)
    }

    /// Whatever is edited, lines that the map calls the same are the same, and no line is lost that every edit left
    /// alone.
    @Test(arguments: 0..<120) func neverMisplacesALine(seed: Int) {
        var random = SeededGenerator(UInt64(seed) &* 6151 &+ 11)
        func line() -> String { ["a", "b", "", "}", "😀x", "int y;"].randomElement(using: &random) ?? "" }
        let base = (0..<Int.random(in: 1...30, using: &random)).map { _ in line() }.joined(separator: "\n")
        var one = Follower(base)
        // Which line of the base each line is, as far as no edit has touched it.
        var origin: [Int?] = one.text.base.lines.indices.map { $0 }
        for step in 0..<30 {
            let count = one.document.buffer.lines.count
            let first = Int.random(in: 0..<count, using: &random)
            let last = Int.random(in: first...min(count - 1, first + 3), using: &random)
            func column(_ line: Int) -> Int {
                Int.random(in: 0...one.document.buffer.contentCount(ofLine: line), using: &random)
            }
            let (start, end) = (column(first), column(last))
            let text = (0..<Int.random(in: 0...3, using: &random)).map { _ in line() }.joined(separator: "\n")
            let isWhole = Int.random(in: 0..<20, using: &random) == 0
            if isWhole {
                one.edit(LSP.ContentChange(range: nil, text: one.document.buffer.text + text))
                origin = one.document.buffer.lines.indices.map { _ in nil }
            } else {
                one.edit(Self.change((first, min(start, end)), (last, max(start, end)), text))
                let new = one.document.buffer.lines.count - count + last - first + 1
                origin.replaceSubrange(first...last, with: [Int?](repeating: nil, count: new))
            }
            #expect(origin.count == one.document.buffer.lines.count)
            for (new, old) in origin.enumerated() where old != nil {
                #expect(one.text.map.newPlace(ofOld: old ?? 0) == .line(new), "seed \(seed), step \(step)")
            }
            for old in one.text.base.lines.indices {
                guard case .line(let new) = one.text.map.newPlace(ofOld: old) else { continue }
                #expect(
                    one.text.base.content(ofLine: old).elementsEqual(one.document.buffer.content(ofLine: new)),
                    "seed \(seed), step \(step), line \(old)")
            }
        }
    }
}
