/// Which programs a command runs.
enum CommandWords {
    /// Words that are looked at; a longer script tells no more.
    private static let mostWords = 256

    /// The names, without folders, of the programs that the command visibly runs, `python3 -m pytest` as `pytest`
    /// beside `python3`, wrappers such as `env` and `timeout` looked through, a shell's `-c` script split at spaces
    /// and operators. A guess that only sets which parsers are asked first.
    static func programs(of command: [String]) -> [String] {
        var found: [String] = []
        var words = Array(command.prefix(mostWords))
        if let shell = words.first.map(baseName), ["sh", "bash", "dash", "zsh", "ksh"].contains(shell),
            let flag = words.firstIndex(where: { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("c") }),
            flag + 1 < words.count
        {
            words = split(words[flag + 1])
        }
        var expectsProgram = true
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if operators.contains(word) {
                expectsProgram = true
                continue
            }
            guard expectsProgram, !isAssignment(word) else { continue }
            let name = baseName(word)
            if wrappers.contains(name) {
                // `timeout 10 make`, `env -i A=1 make`: flags and numbers of the wrapper are no program.
                while index < words.count, words[index].hasPrefix("-") || words[index].first?.isNumber == true {
                    index += 1
                }
                continue
            }
            found.append(name)
            if name.hasPrefix("python") || name == "py", let module = module(words[index...]) { found.append(module) }
            if runners.contains(name), index + 1 < words.count, words[index] == "run" || words[index] == "exec" {
                index += 1
                continue
            }
            expectsProgram = false
        }
        return found
    }

    /// The module that Python runs: after `-m`, which other options may precede.
    private static func module(_ words: ArraySlice<String>) -> String? {
        var index = words.startIndex
        while index + 1 < words.endIndex, words[index].hasPrefix("-") {
            if words[index] == "-m" { return words[index + 1] }
            index += ["-W", "-X"].contains(words[index]) ? 2 : 1
        }
        return nil
    }

    private static let operators: Set<String> = ["&&", "||", ";", "|", "&", "(", "{", "then", "do", "else", "!"]
    private static let wrappers: Set<String> = [
        "env", "timeout", "nice", "time", "exec", "command", "stdbuf", "sudo", "xvfb-run", "nohup", "npx", "xcrun",
    ]
    private static let runners: Set<String> = ["uv", "poetry", "pipenv", "hatch", "pdm", "bundle"]

    private static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")), equals > word.utf8.startIndex else {
            return false
        }
        return word.utf8[..<equals].allSatisfy { $0.isLetter || $0.isDigit || $0 == 0x5F }
    }

    static func baseName(_ path: String) -> String {
        String(path.utf8.split(separator: UInt8(ascii: "/")).last.map { Substring($0) } ?? "")
    }

    private static func split(_ script: String) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        func close() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        for byte in script.utf8.prefix(64 * 1024) {
            switch byte {
            case 0x20, 0x09: close()
            case 0x0A, UInt8(ascii: ";"):
                close()
                words.append(";")
            case UInt8(ascii: "\""), UInt8(ascii: "'"): break
            default: word.append(byte)
            }
            if words.count >= mostWords { break }
        }
        close()
        return words
    }
}
