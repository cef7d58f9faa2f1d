extension GCCParser {
    /// `fix-it:"b.c":{4:48-4:50}:"%s"`, from `-fdiagnostics-parseable-fixits`: columns in bytes, the end exclusive.
    func takeFix(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let rest = line.after(prefix: "fix-it:"), let (file, afterFile) = Self.quoted(rest),
            let body = afterFile.after(prefix: ":{"), let (range, afterRange) = body.cut(at: "}:"),
            let (text, _) = Self.quoted(afterRange), let (from, to) = range.cut(at: "-"),
            let start = Self.pair(from), let end = Self.pair(to),
            var place = collector.place(file[...], line: start.line, column: start.column)
        else { return false }
        place.endLine = end.line
        place.endColumn = end.column
        var fix = Finding.Fix(title: "", edits: [.init(place: place, newText: text)])
        fix.title = Self.title(of: fix)
        collector.attach(fix)
        return true
    }

    private static func pair(_ text: Substring) -> (line: Int, column: Int)? {
        guard let (line, column) = text.cut(at: ":"), let line = line.smallNumber, let column = column.smallNumber
        else { return nil }
        return (line, column)
    }

    /// A C string at the beginning, and what follows it.
    private static func quoted(_ text: Substring) -> (String, Substring)? {
        guard text.begins("\"") else { return nil }
        var bytes: [UInt8] = []
        var view = text.utf8.dropFirst()
        while let byte = view.popFirst() {
            if byte == UInt8(ascii: "\"") { return (String(decoding: bytes, as: UTF8.self), Substring(view)) }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let next = view.popFirst() else { return nil }
            switch next {
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                // Octal, three digits.
                let digits = [next] + view.prefix(2)
                view = view.dropFirst(2)
                guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) else { return nil }
                bytes.append(value)
            default: bytes.append(next)
            }
        }
        return nil
    }
}
