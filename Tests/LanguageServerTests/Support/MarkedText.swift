@testable import LanguageServer

/// A text with places marked `1️⃣` to `9️⃣`, which are taken out.
struct MarkedText {
    private(set) var text = ""
    /// Line from 0, column in UTF-8 bytes from 0.
    private(set) var points: [String: TextBuffer.Point] = [:]

    init(_ marked: String) {
        var line = 0
        var column = 0
        for character in marked {
            let scalars = Array(character.unicodeScalars)
            if scalars.count == 3, scalars[1].value == 0xFE0F, scalars[2].value == 0x20E3 {
                points[String(character)] = .init(line: line, column: column)
                continue
            }
            text.append(character)
            column += character.utf8.count
            if character.isNewline { (line, column) = (line + 1, 0) }
        }
    }

    subscript(marker: String) -> TextBuffer.Point { points[marker] ?? .init(line: -1, column: -1) }
}
