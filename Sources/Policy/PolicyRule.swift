/// A tool and, optionally, a pattern: `read`, `run(git push *)`, `edit(.github/**)`, `*`.
public struct PolicyRule: Sendable, Equatable, Codable, CustomStringConvertible {
    /// Tool name, or `*` for every tool.
    public var tool: String
    public var pattern: String?

    /// - Throws: `PolicyError.badRule` when the text is not `tool` or `tool(pattern)`.
    public init(_ text: String) throws(PolicyError) {
        guard let open = text.firstIndex(of: "(") else {
            guard Self.isName(text) else { throw .badRule(text, reason: "a tool's name, or `*`, is expected") }
            tool = text
            pattern = nil
            return
        }
        let name = String(text[..<open])
        guard Self.isName(name) else { throw .badRule(text, reason: "`\(name)` is not a tool's name") }
        guard text.last == ")" else { throw .badRule(text, reason: "the closing parenthesis is missing") }
        let inner = String(text[text.index(after: open)...].dropLast())
        guard !inner.isEmpty else { throw .badRule(text, reason: "the pattern is empty") }
        tool = name
        pattern = inner
    }

    private static func isName(_ text: String) -> Bool {
        text == "*" || (!text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    }

    public var description: String { pattern.map { "\(tool)(\($0))" } ?? tool }

    public func matches(_ action: PolicyAction) -> Bool {
        guard tool == "*" || tool == action.tool else { return false }
        guard let pattern else { return true }
        switch action.subject {
        case .none:
            return false
        case .path(let path):
            return PathPattern(pattern).matches(path)
        case .arguments(let arguments):
            return Self.matches(arguments: arguments, words: pattern.split(separator: " ").map(String.init))
        case .commandLine(let line):
            return WildcardPattern.matches(pattern, line)
        }
    }

    /// Word by word; a last word `*` takes any number of further arguments.
    private static func matches(arguments: [String], words: [String]) -> Bool {
        for (index, word) in words.enumerated() {
            if word == "*" && index == words.count - 1 { return true }
            guard index < arguments.count else { return false }
            // The program's name is compared without its folder: `/usr/bin/git` is `git`.
            let argument = arguments[index]
            let plain = index == 0 && !word.contains("/") ? lastPathPart(argument) : argument
            guard WildcardPattern.matches(word, plain) else { return false }
        }
        return arguments.count == words.count
    }

    private static func lastPathPart(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
