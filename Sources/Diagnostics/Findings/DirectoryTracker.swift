/// `make[1]: Entering directory '/src/sub'` and its counterpart; `ninja` says the same.
enum DirectoryMessage {
    case enter(String)
    case leave(String)

    init?(_ line: Substring) {
        guard let (who, rest) = line.cut(at: ": "), who.utf8.count <= 64, Self.isProgram(who) else { return nil }
        let isEntering: Bool
        let quoted: Substring
        if let directory = rest.after(prefix: "Entering directory ") {
            (isEntering, quoted) = (true, directory)
        } else if let directory = rest.after(prefix: "Leaving directory ") {
            (isEntering, quoted) = (false, directory)
        } else {
            return nil
        }
        guard quoted.utf8.count > 2, quoted.utf8.count <= DiagnosticLimits.pathBytes else { return nil }
        let directory = String(quoted.droppingBytes(1).droppingLastBytes(1))
        self = isEntering ? .enter(directory) : .leave(directory)
    }

    /// `make`, `gmake[2]`, `/usr/bin/make[1]`, `ninja`.
    private static func isProgram(_ text: Substring) -> Bool {
        let name = text.utf8.prefix { $0 != UInt8(ascii: "[") }
        let level = text.utf8[name.endIndex...]
        return !name.isEmpty && name.allSatisfy { $0.isIdentifier || "/.-+".utf8.contains($0) }
            && (level.isEmpty
                || (level.last == UInt8(ascii: "]") && level.dropFirst().dropLast().allSatisfy(\.isDigit)))
    }
}

/// In which directories the tools are that wrote the current line.
struct DirectoryTracker: Sendable {
    let base: String
    private var entered: [String] = []

    init(base: String) { self.base = base }

    var current: String { entered.last ?? base }

    /// Takes a message about directories; false when the line is none.
    mutating func take(_ line: Substring) -> Bool {
        guard let last = line.utf8.last, "'`\"".utf8.contains(last), let message = DirectoryMessage(line) else {
            return false
        }
        switch message {
        case .enter(let directory): enter(directory)
        case .leave(let directory): leave(directory)
        }
        return true
    }

    mutating func enter(_ directory: String) {
        guard directory.utf8.count <= DiagnosticLimits.pathBytes, entered.count < DiagnosticLimits.directoryDepth else {
            return
        }
        entered.append(absolute(directory))
    }

    /// Without a name, leaves the last one.
    mutating func leave(_ directory: String?) {
        guard let directory else {
            _ = entered.popLast()
            return
        }
        // Not always the last: parallel makes interleave.
        let path = absolute(directory)
        if let index = entered.lastIndex(of: path) { entered.remove(at: index) }
    }

    mutating func endStream() { entered = [] }

    private func absolute(_ directory: String) -> String {
        PathText.normalised(PathText.join(current, directory))
    }
}
