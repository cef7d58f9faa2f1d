import JSON

/// Texts from a forge, made fit to be shown and kept.
enum ForgeText {
    /// `text` without control characters but line feeds and tabs, and not longer than `limit` bytes of UTF-8.
    static func clean(_ text: String, limit: Int) -> String {
        var result = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            if scalar == "\r" { continue }
            let kept = isShown(scalar) || scalar == "\n" || scalar == "\t" ? scalar : " "
            bytes += UTF8.width(kept)
            if bytes > limit {
                result.append("…")
                break
            }
            result.append(kept)
        }
        return String(result)
    }

    /// The same on one line.
    static func line(_ text: String, limit: Int = 300) -> String {
        String(clean(text, limit: limit).map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }

    /// An address that a person may be shown: `https` or `http`, printable ASCII only.
    static func link(_ text: String?) -> String? {
        guard let text, text.utf8.count <= 2000, text.hasPrefix("https://") || text.hasPrefix("http://"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return text
    }

    /// Control characters drive terminals; marks of direction make a text look like another.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        case .format: !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
        default: true
        }
    }
}

extension JSON {
    /// The member's text on one line; nil when there is none.
    func line(_ key: String) -> String? {
        self[key]?.stringValue.map { ForgeText.line($0) }
    }

    /// The member's text, capped.
    func text(_ key: String, _ limits: ForgeLimits) -> String? {
        self[key]?.stringValue.map { ForgeText.clean($0, limit: limits.maximumTextBytes) }
    }

    func link(_ key: String) -> String? {
        ForgeText.link(self[key]?.stringValue)
    }

    /// The member as an id: a number, or a text.
    func identifier(_ key: String) -> String? {
        self[key]?.intValue.map(String.init) ?? line(key)
    }
}
