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
        for text in texts {
            var cursor = OutputCursor(text: text)
            while !cursor.isAtEnd {
                look(at: cursor.line)
                cursor.advance()
            }
        }
    }

    private mutating func look(at line: Substring) {
        guard let last = line.utf8.last else { return }
        // Cheap tests first: this runs over every line of every output.
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
