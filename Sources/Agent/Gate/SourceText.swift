/// A file's lines, with their code apart from their comments.
struct SourceText: Sendable {
    struct Line: Sendable {
        /// From 1.
        var number: Int
        /// Blanks before the text.
        var indent: Int
        /// Without the blanks around it.
        var text: String
        /// The same without comments, and without what is switched off.
        var code: String
    }

    var lines: [Line] = []

    private enum Inside {
        case code, blockComment
        case string(UInt8)
    }

    init(_ bytes: [UInt8]?, _ language: SourceLanguage) {
        guard let bytes else { return }
        var inside = Inside.code
        var deadEnd: Needle?
        let syntax = Syntax(language)
        for (index, raw) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let indent = raw.prefix { $0 == 0x20 || $0 == 0x09 }.count
            let text = Self.trimmed(raw)
            var code = syntax.code(of: text, &inside)
            if !code.isEmpty || deadEnd != nil {
                let found = Haystack(code)
                if let end = deadEnd {
                    if found.has(end) { deadEnd = nil }
                    code = ""
                } else if let dead = language.dead.first(where: { found.has($0.begin) }) {
                    deadEnd = dead.end
                }
            }
            lines.append(
                Line(number: index + 1, indent: indent, text: String(decoding: text, as: UTF8.self), code: code))
        }
        if lines.last?.text.isEmpty == true { lines.removeLast() }
    }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let front = bytes.drop(while: isBlank)
        return front.prefix(upTo: (front.lastIndex { !isBlank($0) } ?? front.startIndex - 1) + 1)
    }

    /// The parts of a language that tell comments from code.
    private struct Syntax {
        let comment: [UInt8]
        let needsBlank: Bool
        let begin: [UInt8]
        let end: [UInt8]
        let quotes: [UInt8]
        let hasTripleQuotes: Bool

        init(_ language: SourceLanguage) {
            comment = Array((language.lineComment ?? "").utf8)
            needsBlank = language.commentNeedsBlank
            begin = Array((language.blockComment?.begin ?? "").utf8)
            end = Array((language.blockComment?.end ?? "").utf8)
            quotes = language.quotes
            hasTripleQuotes = language == .python
        }

        func code(of line: ArraySlice<UInt8>, _ inside: inout Inside) -> String {
            var kept: [UInt8] = []
            var place = line.startIndex
            var quote: UInt8?
            while place < line.endIndex {
                let byte = line[place]
                switch inside {
                case .blockComment:
                    if line[place...].starts(with: end) {
                        inside = .code
                        place += end.count
                    } else {
                        place += 1
                    }
                    continue
                case .string(let quote):
                    if line[place...].starts(with: [quote, quote, quote]) {
                        inside = .code
                        place += 3
                    } else {
                        place += 1
                    }
                    continue
                case .code: break
                }
                if let open = quote {
                    kept.append(byte)
                    if byte == 0x5C, place + 1 < line.endIndex {
                        kept.append(line[place + 1])
                        place += 1
                    } else if byte == open {
                        quote = nil
                    }
                } else if hasTripleQuotes, quotes.contains(byte), line[place...].starts(with: [byte, byte, byte]) {
                    inside = .string(byte)
                    place += 3
                    continue
                } else if !begin.isEmpty, line[place...].starts(with: begin) {
                    inside = .blockComment
                    place += begin.count
                    continue
                } else if !comment.isEmpty, line[place...].starts(with: comment),
                    !needsBlank || place == line.startIndex || line[place - 1] == 0x20 || line[place - 1] == 0x09
                {
                    break
                } else {
                    if quotes.contains(byte) { quote = byte }
                    kept.append(byte)
                }
                place += 1
            }
            return String(decoding: SourceText.trimmed(kept[...]), as: UTF8.self)
        }
    }
}

/// Lines that one version has and the other has not, wherever they stand.
struct LineDifference: Sendable {
    var removed: [SourceText.Line] = []
    var added: [SourceText.Line] = []

    init(old: SourceText, new: SourceText) {
        var rest: [String: Int] = [:]
        for line in old.lines where !line.text.isEmpty { rest[line.text, default: 0] += 1 }
        for line in new.lines where !line.text.isEmpty {
            if let count = rest[line.text], count > 0 { rest[line.text] = count - 1 } else { added.append(line) }
        }
        for line in old.lines.reversed() where !line.text.isEmpty {
            if let count = rest[line.text], count > 0 {
                rest[line.text] = count - 1
                removed.append(line)
            }
        }
        removed.reverse()
    }
}
