import AgentProtocol

/// GNU ld, gold and lld, which report what is missing when everything has compiled.
struct LinkerParser: DiagnosticParser {
    static let name = "ld"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { isLinker($0) }
    }

    /// The function that `in function 'f':` named for the lines after it.
    private var function: Substring?
    /// An lld error whose `>>> referenced by` lines follow.
    private var isOpen = false

    init(_ setting: ParserSetting) {}

    mutating func finish(into collector: inout FindingCollector) { (function, isOpen) = (nil, false) }

    func mightTake(_ shape: LineShape) -> Bool { isOpen || function != nil || shape.has(.colon) }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if isOpen, let detail = line.after(prefix: ">>> ") {
            addDetail(detail.trimmed, &collector)
            cursor.advance()
            return true
        }
        isOpen = false
        let taken = takeDriver(line, &collector) || takeReference(line, &collector) || takeLinker(line, &collector)
        if taken { cursor.advance() } else { function = nil }
        return taken
    }

    static func isLinker(_ program: String) -> Bool {
        let name = program[...]
        return ["ld", "ld.bfd", "ld.gold", "ld.lld", "ld64.lld", "lld", "gold", "mold", "ld.mold"].contains {
            name.equals($0) || name.ends("-" + $0)
        }
    }

    /// `collect2: error: ld returned 1 exit status`, `clang: error: linker command failed with exit code 1 …`.
    private func takeDriver(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard line.has(": error: "),
            line.has(": error: ld returned ") || line.has(": error: linker command failed with exit code")
        else { return false }
        let message = line.cut(at: ": error: ").map { String($0.after) } ?? String(line)
        collector.add(Finding(tool: "ld", severity: .error, message: message, place: nil, isSummary: true))
        collector.endFinding()
        return true
    }

    private static let marks = ["undefined reference to ", "multiple definition of ", "relocation truncated to fit"]

    /// `/usr/bin/ld: /tmp/x.o: in function `q':`, `l.c:(.text+0x5): undefined reference to `f'`,
    /// `/tmp/x.o:l.c:function q: error: undefined reference to 'f'`.
    private mutating func takeReference(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let (_, rest) = line.cut(at: ": in function "), rest.ends(":") {
            function = rest.droppingLastBytes(1)
            return true
        }
        guard let mark = Self.marks.first(where: { line.has(": " + $0) }), let at = line.find(": " + mark) else {
            return false
        }
        var head = Self.withoutProgram(line[..<at.lowerBound])
        head = (head.before(suffix: ": error") ?? head)
        var message = Self.withoutObjects(line[at.lowerBound...].droppingBytes(2))
        var user = function
        if let (file, name) = head.cut(at: ":function ") {
            (head, user) = (file, "‘\(name)’")
        }
        if let user { message += " (in function \(user))" }
        add(message, severity: .error, place: place(head, &collector), &collector)
        return true
    }

    /// `/usr/bin/ld: cannot find -lfoo`, `ld.lld: error: undefined symbol: f`.
    private mutating func takeLinker(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let (program, rest) = line.cut(at: ": "), program.utf8.count <= DiagnosticLimits.pathBytes,
            Self.isLinker(CommandWords.baseName(String(program)))
        else { return false }
        if let prefix = SeverityPrefix(rest) {
            add(Self.withoutObjects(prefix.message), severity: prefix.severity, place: nil, &collector)
            isOpen = true
            return true
        }
        // gold's second line about a symbol that is there twice.
        if rest.ends(": previous definition here") {
            collector.attach(Finding.Related(place: nil, message: Self.withoutObjects(rest)))
            return true
        }
        // A warning may stand behind an object's name; anything else that ld says is an error.
        if let (_, message) = rest.cut(at: ": warning: ") {
            add(Self.withoutObjects(message), severity: .warning, place: nil, &collector)
        } else if let (_, message) = rest.cut(at: ": error: ") {
            add(Self.withoutObjects(message), severity: .error, place: nil, &collector)
        } else if !rest.begins("final link failed") {
            add(Self.withoutObjects(rest), severity: .error, place: nil, &collector)
        } else {
            collector.add(
                Finding(tool: "ld", severity: .error, message: String(rest), place: nil, isSummary: true))
        }
        return true
    }

    private func add(
        _ message: String, severity: Diagnostic.Severity, place: Finding.Place?, _ collector: inout FindingCollector
    ) {
        collector.add(Finding(tool: "ld", severity: severity, message: message, place: place))
    }

    /// lld's `referenced by main.c:12 (src/main.c:12)` and `did you mean: q`.
    private func addDetail(_ detail: Substring, _ collector: inout FindingCollector) {
        guard let reference = detail.after(prefix: "referenced by ") ?? detail.after(prefix: "defined at ") else {
            if detail.begins("did you mean") {
                collector.attach(Finding.Related(place: nil, message: String(detail)))
            }
            return
        }
        var name = reference
        if let (_, inner) = reference.cut(at: "("), let path = inner.before(suffix: ")") { name = path }
        guard let place = place(name, &collector) else { return }
        collector.amendCurrent { finding in
            if finding.place == nil {
                finding.place = place
            } else {
                finding.related.append(.init(place: place, message: String(detail)))
                finding.related = Array(finding.related.prefix(DiagnosticLimits.related))
            }
        }
    }

    /// The source in `l.c:(.text+0x5)`, `/src/l.c:2`, `/tmp/x.o:l.c`; nil when only an object file is named.
    private func place(_ text: Substring, _ collector: inout FindingCollector) -> Finding.Place? {
        var text = text
        if let (file, _) = text.cut(at: ":(") { text = file }
        var line = 0
        if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) {
            let tail = Substring(text.utf8[text.utf8.index(after: colon)...])
            if let number = tail.smallNumber {
                line = number
                text = text[..<colon]
            }
        }
        if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) {
            text = Substring(text.utf8[text.utf8.index(after: colon)...])
        }
        guard !text.isEmpty, !text.ends(".o"), !text.ends(".a"), !text.ends(".so"), !text.has(" "),
            let place = collector.place(text, line: line)
        else { return nil }
        // Without debug information only the file's last component is known.
        if !collector.resolver.exists(place.file), let file = collector.resolver.uniqueFile(endingIn: String(text)) {
            return Finding.Place(file: file, line: line)
        }
        return place
    }

    private static func withoutProgram(_ text: Substring) -> Substring {
        guard let (program, rest) = text.cut(at: ": "), isLinker(CommandWords.baseName(String(program))) else {
            return text
        }
        return rest
    }

    /// Without the names of temporary objects, which differ in every run: `/tmp/ccR5oZuH.o:l.c:(.text+0x11)`.
    private static func withoutObjects(_ text: Substring) -> String {
        text.utf8.split(separator: 0x20, omittingEmptySubsequences: false).map { word in
            let word = Substring(word)
            guard word.begins("/tmp/") || word.begins("/var/"), let object = word.find(".o") else {
                return String(word)
            }
            let rest = word[object.upperBound...].after(prefix: ":") ?? word[object.upperBound...]
            return rest.isEmpty ? "object" : String(rest)
        }.joined(separator: " ")
    }
}
