import AgentProtocol

/// What `make` itself has to say: faults of the makefile, a target without a rule. (Which directory it enters is
/// followed for all parsers; a recipe's failure is its tool's to explain.)
struct MakeParser: DiagnosticParser {
    static let name = "make"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { ["make", "gmake", "remake"].contains($0) }
    }

    init(_ setting: ParserSetting) {}

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard let (who, what) = cursor.line.cut(at: ": *** "), who.utf8.count <= DiagnosticLimits.pathBytes else {
            return false
        }
        let message = (what.before(suffix: "  Stop.") ?? what).trimmed
        let program = Substring(who.utf8.prefix { $0 != UInt8(ascii: "[") })
        if ["make", "gmake", "mingw32-make"].contains(CommandWords.baseName(String(program))) {
            cursor.advance()
            // `[Makefile:2: all] Error 1`: the recipe failed.
            let isRecipe = message.begins("[")
            if message.begins("Waiting for unfinished jobs") { return true }
            let place = isRecipe ? recipePlace(message, &collector) : nil
            collector.add(
                Finding(
                    tool: "make", severity: .error, message: String(message), place: place, isSummary: isRecipe))
            collector.endFinding()
            return true
        }
        // `Makefile:3: *** missing separator.  Stop.`
        guard let located = LocatedLine(who + ":: "), located.rest.equals(": "),
            let place = collector.place(located)
        else { return false }
        cursor.advance()
        collector.add(Finding(tool: "make", severity: .error, message: String(message), place: place))
        collector.endFinding()
        return true
    }

    private func recipePlace(_ message: Substring, _ collector: inout FindingCollector) -> Finding.Place? {
        LocatedLine(message.droppingBytes(1)).flatMap { collector.place($0) }
    }
}
