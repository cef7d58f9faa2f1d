/// JSON as editors take it: with comments and with commas after last members.
enum JSONWithComments {
    /// The same text as JSON: comments and such commas become white space, so that positions stay the same.
    static func plain(_ bytes: [UInt8]) -> [UInt8] {
        var text = bytes
        var position = 0
        /// The last comma after a value, as long as nothing but white space and comments came after it.
        var comma: Int?
        var isAfterValue = false
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                position = endOfString(text, from: position)
                (comma, isAfterValue) = (nil, true)
                continue
            case UInt8(ascii: "/") where position + 1 < text.count && text[position + 1] == UInt8(ascii: "/"):
                while position < text.count, text[position] != UInt8(ascii: "\n") {
                    text[position] = UInt8(ascii: " ")
                    position += 1
                }
                continue
            case UInt8(ascii: "/") where position + 1 < text.count && text[position + 1] == UInt8(ascii: "*"):
                position = blank(&text, from: position)
                continue
            case UInt8(ascii: ","): (comma, isAfterValue) = (isAfterValue ? position : nil, false)
            case UInt8(ascii: "{"), UInt8(ascii: "["): (comma, isAfterValue) = (nil, false)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if let last = comma { text[last] = UInt8(ascii: " ") }
                (comma, isAfterValue) = (nil, true)
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): break
            default: (comma, isAfterValue) = (nil, true)
            }
            position += 1
        }
        return text
    }

    /// The position after the string that begins here.
    private static func endOfString(_ text: [UInt8], from start: Int) -> Int {
        var position = start + 1
        while position < text.count {
            if text[position] == UInt8(ascii: "\\") {
                position += 2
                continue
            }
            if text[position] == UInt8(ascii: "\"") { return position + 1 }
            position += 1
        }
        return text.count
    }

    /// Blanks a comment of the longer kind, its lines kept. One without an end stays: the parser says what is wrong there.
    private static func blank(_ text: inout [UInt8], from start: Int) -> Int {
        var end = start + 2
        while end + 1 < text.count, text[end] != UInt8(ascii: "*") || text[end + 1] != UInt8(ascii: "/") { end += 1 }
        guard end + 1 < text.count else { return text.count }
        for index in start...end + 1 where text[index] != UInt8(ascii: "\n") { text[index] = UInt8(ascii: " ") }
        return end + 2
    }
}
