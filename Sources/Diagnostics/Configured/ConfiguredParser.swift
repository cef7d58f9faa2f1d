import AgentProtocol
import JSON

/// A parser that a configuration describes, for a tool that has none here.
public struct ConfiguredParser: Sendable, Equatable, Codable {
    /// What a check's `parser:` calls it.
    public var name: String
    public var definition: Definition
    /// What its diagnostics are said to be from, unless a problem matcher names an owner; nil: the program that ran.
    public var tool: String?

    /// In one of the two notations that many tools are described in already.
    public enum Definition: Sendable, Equatable, Codable {
        /// Vim's (`:help errorformat`): the patterns, each of which may be a list with commas.
        case errorformat([String])
        /// GitHub's: an object with `problemMatcher`, one matcher, or an array of them.
        case problemMatcher(JSON)
    }

    /// What is wrong with a definition.
    public struct Fault: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    /// Patterns of one parser; each is tried on every line.
    public static let mostPatterns = 64

    public init(name: String, definition: Definition) {
        self.name = name
        self.definition = definition
    }

    /// A parser that is called as its notation.
    public init(_ definition: Definition) {
        switch definition {
        case .errorformat: self.init(name: ErrorformatParser.name, definition: definition)
        case .problemMatcher: self.init(name: ProblemMatcherParser.name, definition: definition)
        }
    }

    /// Reads the definition, to tell who wrote it what is wrong. `DiagnosticParsing.parse` leaves a faulty one out.
    public func validate() throws(Fault) { _ = try parser(tool: name) }

    func parser(tool: String) throws(Fault) -> any DiagnosticParser {
        let tool = self.tool ?? tool
        return switch definition {
        case .errorformat(let texts):
            ErrorformatParser(label: name, tool: tool, entries: try ErrorformatEntry.read(texts))
        case .problemMatcher(let value):
            ProblemMatcherParser(label: name, matchers: try ProblemMatcher.read(value, tool: tool))
        }
    }
}

extension ConfiguredParser.Fault {
    init(_ fault: LinePattern.Fault, in pattern: String) {
        let what =
            switch fault {
            case .unsupported(let what): "\(what) is not supported, since it cannot be matched in bounded time"
            case .malformed(let what): what
            case .tooLarge: "too large"
            }
        description = "\(what), in \(pattern.shortened(toBytes: 200))"
    }
}
