/// One pattern of Vim's `errorformat`.
struct ErrorformatEntry: Sendable {
    enum Kind: Sendable, Equatable {
        case single
        /// `%E`, `%W`, `%I`, `%N`, `%A`: begins a message of several lines, with the type that the letter says.
        case begins(Character)
        case continues, ends
        case enters, leaves
        case general
        /// `%O`, `%P`, `%Q`: about the file that the next messages are in.
        case overread, pushes, pops
    }

    enum Field: Sendable, Hashable {
        case file, line, column, endLine, endColumn, cells, pointer, number, type, message, rest, other
    }

    var kind = Kind.single
    /// `%-`: the message is left out.
    var isIgnored = false
    /// `%+`: the whole line is the message.
    var takesWholeLine = false
    var pattern: LinePattern
    /// Of the groups, from 1 on.
    var fields: [Field]

    static func read(_ texts: [String]) throws(ConfiguredParser.Fault) -> [ErrorformatEntry] {
        var entries: [ErrorformatEntry] = []
        for text in texts.prefix(ConfiguredParser.mostPatterns) {
            for part in split(text) where !part.isEmpty {
                guard entries.count < ConfiguredParser.mostPatterns else {
                    throw .init(description: "more than \(ConfiguredParser.mostPatterns) patterns")
                }
                var translation = ErrorformatTranslation(part)
                entries.append(try translation.entry())
            }
        }
        guard !entries.isEmpty else { throw .init(description: "no pattern in errorformat") }
        return entries
    }

    /// At commas without a backslash.
    private static func split(_ text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var isEscaped = false
        for character in text.unicodeScalars.prefix(LinePattern.longest * 16) {
            if character == ",", !isEscaped {
                parts.append(part)
                part = ""
            } else if character == ",", isEscaped {
                part.unicodeScalars.removeLast()
                part += ","
            } else {
                part.unicodeScalars.append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        // A list may have a blank behind each comma when it was written for people.
        return (parts + [part])
    }
}

/// From a pattern of `errorformat` to a regular expression.
struct ErrorformatTranslation {
    private let text: String
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var result = ""
    private var fields: [ErrorformatEntry.Field] = []

    /// Characters of a file name as Vim has them on Unix (`isfname`).
    private static let fileName = "[\\w/.\\-+,#$%~=\\u0080-\\u{10ffff}]"

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars.prefix(LinePattern.longest))
    }

    mutating func entry() throws(ConfiguredParser.Fault) -> ErrorformatEntry {
        let (kind, isIgnored, takesWholeLine) = try prefix()
        while let scalar = next {
            place += 1
            if scalar == "%" {
                try item()
            } else if scalar == "\\" {
                append(literal: take() ?? "\\")
            } else {
                append(literal: scalar)
            }
        }
        do {
            return ErrorformatEntry(
                kind: kind, isIgnored: isIgnored, takesWholeLine: takesWholeLine,
                pattern: try LinePattern("^(?:\(result))$", ignoresCase: true), fields: fields)
        } catch {
            throw .init(error, in: text)
        }
    }

    private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func take() -> Unicode.Scalar? {
        guard let scalar = next else { return nil }
        place += 1
        return scalar
    }

    private func fault(_ what: String) -> ConfiguredParser.Fault { .init(.malformed(what), in: text) }

    private mutating func prefix() throws(ConfiguredParser.Fault) -> (ErrorformatEntry.Kind, Bool, Bool) {
        var (isIgnored, takesWholeLine) = (false, false)
        // `%>` says where the next line's search begins; here every line is matched against all patterns in order.
        if scalars.starts(with: ["%", ">"]) { place += 2 }
        guard next == "%", place + 1 < scalars.count else { return (.single, false, false) }
        var index = place + 1
        if scalars[index] == "-" || scalars[index] == "+" {
            isIgnored = scalars[index] == "-"
            takesWholeLine = !isIgnored
            index += 1
        }
        guard index < scalars.count else { throw fault("a prefix without its letter") }
        let kind: ErrorformatEntry.Kind? =
            switch scalars[index] {
            case "E", "W", "I", "N", "A": .begins(Character(scalars[index]))
            case "C": .continues
            case "Z": .ends
            case "D": .enters
            case "X": .leaves
            case "G": .general
            case "O": .overread
            case "P": .pushes
            case "Q": .pops
            default: nil
            }
        guard let kind else {
            if index > place + 1 { throw fault("%\(scalars[index - 1]) before \(scalars[index])") }
            return (.single, false, false)
        }
        place = index + 1
        return (kind, isIgnored, takesWholeLine)
    }

    private mutating func append(literal scalar: Unicode.Scalar) {
        if "\\^$.*+?()[]{}|/".unicodeScalars.contains(scalar) { result += "\\" }
        result.unicodeScalars.append(scalar)
    }

    private mutating func field(_ field: ErrorformatEntry.Field, _ pattern: String) {
        fields.append(field)
        result += "(\(pattern))"
    }

    /// What follows a `%`.
    private mutating func item() throws(ConfiguredParser.Fault) {
        guard let scalar = take() else { throw fault("% at the end") }
        switch scalar {
        // A name with blanks or colons in it ends where the pattern goes on.
        case "f": field(.file, next == nil || next == "%" || next == "\\" ? Self.fileName + "+" : ".+?")
        case "l": field(.line, "\\d+")
        case "c": field(.column, "\\d+")
        case "v": field(.cells, "\\d+")
        case "e": field(.endLine, "\\d+")
        case "k": field(.endColumn, "\\d+")
        case "n": field(.number, "\\d+")
        case "t": field(.type, ".")
        case "m": field(.message, ".+")
        case "r": field(.rest, ".*")
        case "p": field(.pointer, "[-\\t .]*")
        case "s", "o": field(.other, ".+")
        case "b": field(.other, "\\d+")
        case "%": append(literal: "%")
        case "#": result += "*"
        case ".", "^", "$": result.unicodeScalars.append(scalar)
        case "~": append(literal: "~")
        case "[": try bracketed()
        case "*": try skipped()
        case "\\": try atom()
        default: throw fault("%\(scalar)")
        }
    }

    /// `%*[^ ]`, `%*\d`: as in `scanf`, one or more of these.
    private mutating func skipped() throws(ConfiguredParser.Fault) {
        if next == "[" {
            place += 1
            try bracketed()
        } else if next == "\\" {
            place += 1
            try atom()
        } else {
            throw fault("%* without [ or \\")
        }
        result += "+"
    }

    /// A set, up to its bracket.
    private mutating func bracketed() throws(ConfiguredParser.Fault) {
        result += "["
        var isFirst = true
        while var scalar = take() {
            if scalar == "%", let escaped = take() { scalar = escaped }
            if scalar == "]", !isFirst {
                result += "]"
                return
            }
            if scalar == "^", isFirst {
                result += "^"
                continue
            }
            isFirst = false
            if scalar == "\\", let escaped = take() {
                result += "dwstnre".unicodeScalars.contains(escaped) && escaped != "e" ? "\\" : ""
                if "]\\^[".unicodeScalars.contains(escaped) { result += "\\" }
                result.unicodeScalars.append(escaped)
                continue
            }
            if "[]\\".unicodeScalars.contains(scalar) { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        throw fault("missing ]")
    }

    /// An atom of Vim's regular expressions behind a backslash.
    private mutating func atom() throws(ConfiguredParser.Fault) {
        guard var scalar = take() else { throw fault("\\ at the end") }
        if scalar == "%", let escaped = take() {
            // `%\%(` and `%\%%(` group without remembering.
            scalar = escaped
            if scalar == "%", let after = take() { scalar = after }
            guard scalar == "(" else { throw fault("\\%\(scalar)") }
        }
        switch scalar {
        case "s": result += "[ \\t]"
        case "S": result += "[^ \\t]"
        case "d", "D", "w", "W", "t", "n", "r": result += "\\\(scalar)"
        case "x": result += "[0-9a-fA-F]"
        case "a": result += "[a-zA-Z]"
        case "l": result += "[a-z]"
        case "u": result += "[A-Z]"
        case "h": result += "[a-zA-Z_]"
        case "k", "i": result += "\\w"
        case "f": result += Self.fileName
        case "(": result += "(?:"
        case ")", "|", "+": result.unicodeScalars.append(scalar)
        case "=", "?": result += "?"
        case "<", ">": result += "\\b"
        case "{": try repetition()
        case "c", "C", "v", "V", "m", "M": break
        case "z", "@", "&", "_", "0"..."9": throw .init(.unsupported("\\\(scalar)"), in: text)
        default: append(literal: scalar)
        }
    }

    /// `\{-}` and its kin: with a minus as few as possible.
    private mutating func repetition() throws(ConfiguredParser.Fault) {
        var inner = ""
        while let scalar = take(), scalar != "}" {
            if scalar != "\\", scalar != "%" { inner.unicodeScalars.append(scalar) }
        }
        let isLazy = inner.first == "-"
        if isLazy { inner.removeFirst() }
        switch inner {
        case "", ",", "0,": result += "*"
        case "1,": result += "+"
        default:
            guard inner.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ",") }) else { throw fault("\\{\(inner)}") }
            result += inner.first == "," ? "{0\(inner)}" : "{\(inner)}"
        }
        if isLazy { result += "?" }
    }
}
