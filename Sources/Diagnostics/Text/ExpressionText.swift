/// Values and expressions as test runners print them.
enum ExpressionText {
    /// Splits at the first of the words that stands outside of brackets and quotation marks; when all stand within
    /// (of a value that was cut, the closing mark is missing), at the first at all. Each word begins with a space.
    static func split(
        _ text: Substring, at words: [String], quotes: String = "'\""
    ) -> (left: Substring, word: String, right: Substring)? {
        let view = text.utf8
        var depth = 0
        var quote: UInt8?
        var index = view.startIndex
        var hidden: (Substring.Index, String)?
        while index < view.endIndex {
            let byte = view[index]
            if byte == 0x20, depth <= 0 && quote == nil || hidden == nil,
                let word = words.first(where: { text[index...].begins($0) })
            {
                guard depth > 0 || quote != nil else {
                    return (text[..<index], word, text[index...].droppingBytes(word.utf8.count))
                }
                hidden = (index, word)
            }
            switch byte {
            case UInt8(ascii: "\\") where quote != nil:
                index = view.index(after: index)
                if index == view.endIndex { continue }
            case _ where quotes.utf8.contains(byte):
                if quote == byte { quote = nil } else if quote == nil { quote = byte }
            case UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "{"): if quote == nil { depth += 1 }
            case UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "}"): if quote == nil { depth -= 1 }
            default: break
            }
            index = view.index(after: index)
        }
        return hidden.map { (text[..<$0.0], $0.1, text[$0.0...].droppingBytes($0.1.utf8.count)) }
    }

    /// Whether a quotation is open at the end of a line; at its beginning one may be.
    static func isOpen(_ line: Substring, from start: Bool) -> Bool {
        var isQuoted = start
        var isEscaped = false
        for byte in line.utf8 {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = isQuoted
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            }
        }
        return isQuoted
    }

    /// The lines up to the first at whose end no quotation is open.
    static func firstLines(_ text: Substring) -> Substring {
        var isQuoted = false
        var start = text.startIndex
        while let end = text.utf8[start...].firstIndex(of: 0x0A) {
            isQuoted = isOpen(text[start..<end], from: isQuoted)
            if !isQuoted { return text[..<end] }
            start = text.utf8.index(after: end)
        }
        return text
    }
}
