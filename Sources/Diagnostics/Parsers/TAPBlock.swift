/// What a failure's YAML block says, or Perl's comments in its place. The keys are in use, not in the standard.
struct TAPBlock {
    private(set) var message: String?
    private(set) var expected: String?
    private(set) var actual: String?
    private(set) var location: Substring?
    private(set) var file: Substring?
    private(set) var line: Int?
    private(set) var column: Int?
    private(set) var stack: [Substring] = []

    init(_ lines: [Substring]) {
        var index = 0
        while index < lines.count {
            let line = lines[index]
            index += 1
            guard let (key, value) = line.cut(at: ":"), key.utf8.count <= 32 else { continue }
            var text = value.trimmed
            var block: [Substring] = []
            if text.isEmpty || "|>".utf8.contains(text.utf8.first ?? 0) {
                while index < lines.count, lines[index].isBlank || lines[index].indentation > line.indentation {
                    // `at:` has its file and line as keys of their own.
                    if key.trimmed.equals("at"), lines[index].trimmed.has(": ") { break }
                    block.append(lines[index].trimmed)
                    index += 1
                }
                if !text.isEmpty { text = "" }
            }
            set(key.trimmed.lowercased(), Self.unquoted(text), block)
        }
    }

    init(comments: [Substring]) {
        var words: [Substring] = []
        for comment in comments {
            let isTold = comment.begins("at ")
            if let rest = isTold ? comment.droppingBytes(3) : comment.cut(at: " at ")?.after, rest.has(" line "),
                let (file, number) = rest.cut(at: " line ")
            {
                self.file = file
                line = Substring(number.utf8.prefix { $0.isDigit }).smallNumber
                if !isTold, words.count < 8 { words.append(comment) }
            } else if let value = comment.after(prefix: "got:") {
                actual = Self.unquoted(value.trimmed)
            } else if let value = comment.after(prefix: "expected:") {
                expected = Self.unquoted(value.trimmed)
            } else if let located = LocatedLine(comment.after(prefix: "Failure message: ") ?? comment), file == nil,
                located.line > 0, !located.fileExtension.isEmpty
            {
                // busted: `Failure message: spec/a_spec.lua:5: Expected objects to be equal.`
                (file, line, column) = (located.file, located.line, located.column)
                words.append(located.rest.trimmed)
            } else if !comment.isEmpty, words.count < 8 {
                words.append(comment)
            }
        }
        if !words.isEmpty { message = words.joined(separator: "\n") }
    }

    private mutating func set(_ key: String, _ text: String, _ block: [Substring]) {
        let whole = text.isEmpty ? block.joined(separator: "\n")[...].trimmed : text[...]
        guard !whole.isEmpty else { return }
        switch key {
        case "message", "error", "reason": message = message ?? String(whole)
        case "expected", "wanted", "want": expected = expected ?? String(whole)
        case "got", "actual", "found", "received": actual = actual ?? String(whole)
        case "location", "at": location = location ?? whole
        case "file", "filename": file = file ?? whole
        case "line": line = line ?? whole.smallNumber
        case "column": column = column ?? whole.smallNumber
        case "stack": stack = block
        default: break
        }
    }

    /// Without YAML's quotation marks.
    private static func unquoted(_ text: Substring) -> String {
        if text.utf8.count >= 2, let inner = text.after(prefix: "'")?.before(suffix: "'") {
            var result = ""
            var rest = inner
            while let (before, after) = rest.cut(at: "''") {
                result += before + "'"
                rest = after
            }
            return result + rest
        }
        if text.utf8.count >= 2, let inner = text.after(prefix: "\"")?.before(suffix: "\"") { return String(inner) }
        return String(text)
    }
}
