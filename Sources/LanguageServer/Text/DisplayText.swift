/// Text from a sandbox, a model or a service, made fit to be shown: what it says is seen, what it would do to a
/// terminal or to the order of characters is not done.
enum DisplayText {
    /// Everything visible as it is, everything else spelled out (`\u{1B}`): for what the user approves, where
    /// nothing may hide.
    static func exact(_ text: String) -> String {
        var result = ""
        result.unicodeScalars.reserveCapacity(text.unicodeScalars.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isUnsafe(scalar): result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// One line of at most `limit` characters for a title. What is cut off is said, never hidden.
    static func exact(_ text: String, limit: Int) -> String {
        let line = exact(text)
        guard line.count > limit else { return line }
        return "\(line.prefix(limit))… (\(line.count - limit) more characters, see the transcript)"
    }

    /// The last line that says something, cut to `limit` characters: for progress messages.
    static func lastLine(_ text: String, limit: Int) -> String {
        let tail = String(text.suffix(4 * limit + 256))
        return cut(cleaned(tail).split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }, limit)
    }

    /// The first line that says something, cut to `limit` characters: for reasons and messages, whose further lines are
    /// details.
    static func firstLine(_ text: String, limit: Int) -> String {
        let head = String(text.prefix(4 * limit + 256))
        return cut(cleaned(head).split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) }, limit)
    }

    private static func cut(_ line: Substring?, _ limit: Int) -> String {
        let trimmed = (line ?? "").drop(while: \.isWhitespace)
        return trimmed.count > limit ? "\(trimmed.prefix(limit))…" : String(trimmed)
    }

    /// Many lines, for the transcript: escape sequences are dropped, line ends become `\n`, other control characters
    /// and those that reorder text become visible.
    static func cleaned(_ text: String) -> String {
        var cleaner = OutputCleaner()
        return cleaner.clean(text)
    }

    /// Controls, and the format characters that hide or reorder text ("Trojan Source", CVE-2021-42574).
    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
        case 0xE0000...0xE007F: true
        default: false
        }
    }
}
