/// What a quick look at the whole output tells before it is parsed line by line.
///
/// The streams of a command are recorded apart, so `make` says on stdout where it is while the compiler it runs speaks
/// on stderr: facts about one stream are needed for the other.
struct OutputSurvey: Sendable {
    enum CompilerFamily: Sendable { case gcc, clang }

    /// Directories that `make` or `ninja` entered, in order, each once.
    private(set) var enteredDirectories: [String] = []
    /// Which C compiler spoke, as far as its own words tell.
    private(set) var compiler: CompilerFamily?

    private static let mostDirectories = 32

    init(texts: [String]) {
        for text in texts { look(through: text) }
    }

    /// Passes over all lines by plain bytes, and stops at those that may say something.
    private mutating func look(through text: String) {
        var text = text
        var found: [Range<Int>] = []
        text.withUTF8 { bytes in
            var start = 0
            while start < bytes.count {
                var end = start
                while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
                if end > start, Self.mayTell(first: bytes[start], last: bytes[end - 1]) { found.append(start..<end) }
                start = end + 1
            }
        }
        for range in found {
            let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
            let line = text[start..<text.utf8.index(start, offsetBy: range.count)]
            look(at: line.limited(toBytes: DiagnosticLimits.lineBytes))
        }
    }

    private static func mayTell(first: UInt8, last: UInt8) -> Bool {
        switch last {
        case UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "\""), UInt8(ascii: "."), UInt8(ascii: ":"): true
        default: first == UInt8(ascii: "c") || first == UInt8(ascii: "g")
        }
    }

    private mutating func look(at line: Substring) {
        guard let last = line.utf8.last else { return }
        if last == UInt8(ascii: "'") || last == UInt8(ascii: "`") || last == UInt8(ascii: "\""),
            case .enter(let directory)? = DirectoryMessage(line),
            enteredDirectories.count < Self.mostDirectories, !enteredDirectories.contains(directory)
        {
            enteredDirectories.append(directory)
        }
        guard compiler == nil else { return }
        if last == UInt8(ascii: "."), line.equals("compilation terminated.") {
            compiler = .gcc
        } else if last == UInt8(ascii: "."), line.ends(" generated."), line.utf8.first?.isDigit == true {
            compiler = .clang
        } else if last == UInt8(ascii: ":"), GCCContextLine(line) != nil {
            compiler = .gcc
        } else if line.begins("clang: ") || line.begins("clang++: ") || line.begins("clang ")
            || line.begins("clang++ ")
        {
            compiler = .clang
        } else if line.begins("cc1: ") || line.begins("cc1plus: ") || line.begins("collect2: ")
            || line.begins("gcc ") || line.begins("g++ ") || line.begins("gcc: ") || line.begins("g++: ")
        {
            compiler = .gcc
        }
    }
}
