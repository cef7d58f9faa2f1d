import Testing

@testable import LanguageServer

/// Random incremental changes against a model that keeps the text as one array of scalars.
@Suite struct IncrementalSyncFuzzTests {
    /// Places are found by scanning, edits made by slicing: slow and plain.
    struct NaiveText {
        var scalars: [Unicode.Scalar]
        let encoding: PositionEncoding

        var text: String { String(String.UnicodeScalarView(scalars)) }

        private func units(_ scalar: Unicode.Scalar) -> Int {
            switch encoding {
            case .utf8: UTF8.width(scalar)
            case .utf16: UTF16.width(scalar)
            case .utf32: 1
            }
        }

        func offset(_ position: LSP.Position) -> Int {
            if position.line < 0 { return 0 }
            var index = 0
            for _ in 0..<position.line {
                guard let next = scalars[index...].firstIndex(of: "\n") else { return scalars.count }
                index = next + 1
            }
            var left = position.character
            while index < scalars.count, left > 0 {
                let isEnd =
                    scalars[index] == "\n"
                    || (scalars[index] == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n")
                if isEnd { break }
                left -= units(scalars[index])
                if left < 0 { break }
                index += 1
            }
            return index
        }

        mutating func apply(_ change: LSP.ContentChange) {
            guard let range = change.range else {
                scalars = Array(change.text.unicodeScalars)
                return
            }
            let first = offset(range.start)
            let second = offset(range.end)
            scalars.replaceSubrange(min(first, second)..<max(first, second), with: change.text.unicodeScalars)
        }
    }

    static let pieces = [
        "a", "bc", "\n", "\r\n", "é", "e\u{301}", "😀", "👩‍👩‍👧", "漢字", "\t", "\r", "", "x\ny\nz", "\u{FEFF}",
    ]

    @Test(arguments: PositionEncoding.allCases, 0..<40)
    func agreesWithTheModel(encoding: PositionEncoding, seed: Int) {
        var random = SeededGenerator(UInt64(seed) &* 7919 &+ UInt64(encoding.rawValue.utf8.last ?? 0))
        func text(_ count: Int) -> String {
            (0..<count).map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
        }
        let start = text(30)
        var model = NaiveText(scalars: Array(start.unicodeScalars), encoding: encoding)
        var document = OpenDocument(
            uri: "file:///a", path: "/a", version: 0, buffer: TextBuffer(start), saved: nil)
        let mapper = PositionMapper(encoding: encoding)
        for step in 0..<60 {
            let changes = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let isFull = Int.random(in: 0..<40, using: &random) == 0
                func position() -> LSP.Position {
                    .init(
                        line: Int.random(in: -1...14, using: &random),
                        character: Int.random(in: -1...12, using: &random))
                }
                let (first, second) = (position(), position())
                let range = LSP.Range(start: min(first, second), end: max(first, second))
                return LSP.ContentChange(range: isFull ? nil : range, text: text(Int.random(in: 0...4, using: &random)))
            }
            document.apply(changes, mapper: mapper)
            for change in changes { model.apply(change) }
            #expect(document.buffer.bytes == Array(model.text.utf8), "seed \(seed), step \(step)")
            #expect(document.buffer.lines == TextBuffer(model.text).lines, "seed \(seed), step \(step)")
        }
    }
}
