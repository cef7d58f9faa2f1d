/// What an editor takes off a file when it shows it, and puts back when it saves: a byte order mark, and the `\r` of
/// `\r\n`.
///
/// Emacs sends such a file's text without them (eglot), Neovim without the mark. Without care every such file would
/// look edited, and its unsaved text would reach the sandbox with other line endings than the file's.
enum LineEndings {
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Whether two texts are the same once both are shown in an editor.
    static func areEqual(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
        lhs == rhs || plain(lhs) == plain(rhs)
    }

    /// The text without byte order mark and with `\n` as its only terminator.
    static func plain(_ bytes: [UInt8]) -> [UInt8] {
        let body = bytes.starts(with: byteOrderMark) ? bytes[3...] : bytes[...]
        guard body.contains(carriageReturn) else { return Array(body) }
        var result: [UInt8] = []
        result.reserveCapacity(body.count)
        for index in body.indices {
            let isTerminator =
                body[index] == carriageReturn && index + 1 < body.endIndex && body[index + 1] == lineFeed
            if !isTerminator { result.append(body[index]) }
        }
        return result
    }

    /// `text` in the convention of `model`, when `text` was stripped of it: has neither the mark nor any `\r\n`.
    static func restored(_ text: [UInt8], like model: [UInt8]) -> [UInt8] {
        var result = text
        if hasOnlyCRLF(model), !containsCRLF(text) {
            result = []
            result.reserveCapacity(text.count + text.count / 16)
            for byte in text {
                if byte == lineFeed { result.append(carriageReturn) }
                result.append(byte)
            }
        }
        if model.starts(with: byteOrderMark), !result.starts(with: byteOrderMark) {
            result = byteOrderMark + result
        }
        return result
    }

    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    private static func containsCRLF(_ bytes: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == lineFeed, previous == carriageReturn { return true }
            previous = byte
        }
        return false
    }

    /// Every line of it ends in `\r\n`. Editors show a file of mixed endings as it is.
    private static func hasOnlyCRLF(_ bytes: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        var found = false
        for byte in bytes {
            if byte == lineFeed {
                if previous != carriageReturn { return false }
                found = true
            }
            previous = byte
        }
        return found
    }
}
