import AgentProtocol

/// The beginning of a message that says how bad it is: `error: …`, `fatal error: …`, `warning C4101: …`.
struct SeverityPrefix {
    enum Kind: Sendable { case error, warning, note, remark }

    var kind: Kind
    /// A code between the word and the colon.
    var code: String?
    var message: Substring

    var severity: Diagnostic.Severity {
        switch kind {
        case .error: .error
        case .warning: .warning
        case .note, .remark: .information
        }
    }

    private static let words: [(String, Kind)] = [
        ("fatal error", .error), ("internal compiler error", .error), ("sorry, unimplemented", .error),
        ("syntax error", .error), ("error", .error), ("fatal", .error), ("critical", .error), ("failure", .error),
        ("permerror", .error), ("runtime error", .error),
        ("warning", .warning), ("warn", .warning), ("pedwarn", .warning),
        ("note", .note), ("remark", .remark), ("info", .remark), ("information", .remark), ("hint", .remark),
        ("style", .remark), ("convention", .remark), ("refactor", .remark),
    ]

    init?(_ text: Substring) {
        let text = text.trimmed
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        // The longest head is "internal compiler error"; with a code some more.
        let head = text[..<colon]
        guard head.utf8.count <= 48 else { return nil }
        let lowered = head.lowercased()
        for (word, kind) in Self.words where lowered[...].begins(word) {
            let rest = head.droppingBytes(word.utf8.count).trimmed
            if rest.isEmpty, lowered.utf8.count == word.utf8.count {
                self.init(kind: kind, code: nil, message: text[text.utf8.index(after: colon)...].trimmed)
                return
            }
            if Self.isCode(rest), head.droppingBytes(word.utf8.count).begins(" ") {
                self.init(kind: kind, code: String(rest), message: text[text.utf8.index(after: colon)...].trimmed)
                return
            }
        }
        return nil
    }

    private init(kind: Kind, code: String?, message: Substring) {
        self.kind = kind
        self.code = code
        self.message = message
    }

    /// `TS2322`, `C4101`, `E0382`: letters, then digits.
    private static func isCode(_ text: Substring) -> Bool {
        let digits = text.utf8.drop { $0.isLetter }
        return (2...16).contains(text.utf8.count) && text.utf8.first?.isLetter == true && !digits.isEmpty
            && digits.allSatisfy { $0.isDigit }
    }
}

extension Substring {
    /// Splits a rule's name in brackets off the end of a message: `unused variable 'p' [-Wunused-variable]`.
    func cutBracketedCode() -> (message: Substring, code: String?) {
        let text = trimmed
        guard let inner = text.before(suffix: "]"),
            let open = inner.utf8.lastIndex(of: UInt8(ascii: "[")), open > inner.utf8.startIndex
        else { return (text, nil) }
        let code = Substring(inner.utf8[inner.utf8.index(after: open)...])
        let message = inner[..<open]
        guard message.ends(" "), (2...96).contains(code.utf8.count), code.utf8.contains(where: { $0.isLetter }),
            code.utf8.allSatisfy({ $0.isIdentifier || "-=,.#+/:@".utf8.contains($0) })
        else { return (text, nil) }
        return (message.trimmed, String(code))
    }
}
