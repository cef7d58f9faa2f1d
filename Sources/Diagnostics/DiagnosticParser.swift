/// Turns one tool's output into findings.
///
/// Several tools may write into one output, so a parser does not get a whole output: at every line each parser is
/// asked in turn whether it takes the line, and those that follow and belong to it. What nobody takes is left over.
/// A parser is total: whatever the bytes, it neither throws nor traps.
protocol DiagnosticParser: Sendable {
    /// The name in a configuration's `parser:`.
    static var name: String { get }
    /// Parsers that stay when this one is chosen by name, because its tool runs theirs.
    static var companions: [any DiagnosticParser.Type] { get }
    /// Whether the command runs the parser's tool. Parsers that say so are asked first.
    static func recognises(command: [String]) -> Bool

    init(_ setting: ParserSetting)

    /// The name that its findings carry: that of the type, or of the configuration that describes it.
    var label: String { get }

    /// Whether `take` might take a line of this shape; when not, it is not asked. Where the parser is in the middle of
    /// something that any line goes on with or ends, it has to be asked about every one.
    ///
    /// Changes nothing. It may be called in place then, where Swift would copy the parser otherwise, for every line.
    mutating func mightTake(_ shape: LineShape) -> Bool

    /// Looks at the cursor's line. When it is the tool's, moves the cursor past all that was understood and returns
    /// true, even when there is nothing to report about it.
    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool

    /// A stream has ended; hands over what is still open.
    mutating func finish(into collector: inout FindingCollector)
}

extension DiagnosticParser {
    static var companions: [any DiagnosticParser.Type] { [] }
    var label: String { Self.name }
    func mightTake(_ shape: LineShape) -> Bool { true }
    mutating func finish(into collector: inout FindingCollector) {}
}

/// What a parser knows before it sees the first line.
struct ParserSetting: Sendable {
    /// Names of the programs that the command runs.
    var programs: [String]
    /// Whether the command runs the parser's tool, or the configuration named the parser.
    var isExpected: Bool
    var survey: OutputSurvey
}
