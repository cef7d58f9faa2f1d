import AgentProtocol

/// What `make` itself has to say: faults of the makefile, a target without a rule. (Which directory it enters is
/// followed for all parsers; a recipe's failure is its tool's to explain, and shown when no tool did.)
struct MakeParser: DiagnosticParser {
    static let name = "make"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { ["make", "gmake", "remake"].contains($0) }
    }

    /// How many errors had been told at the last failure, and before the stream.
    private var told = (atFailure: 0, beforeStream: 0)
    /// How deep the make was whose recipe failed last: those above it fail with it.
    private var failedLevel = 0

    init(_ setting: ParserSetting) {}

    mutating func finish(into collector: inout FindingCollector) {
        told = (collector.errorsTold, collector.errorsTold)
        failedLevel = 0
    }

    func mightTake(_ shape: LineShape) -> Bool { shape.has(.colon) && shape.has("*") }

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
                    tool: "make", severity: .error, message: String(message), place: place,
                    isSummary: isRecipe && isExplained(level(who), collector)))
            collector.endFinding()
            told.atFailure = collector.errorsTold
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

    /// Whether an error was told since the last failure, or a make below this one has failed.
    private mutating func isExplained(_ level: Int, _ collector: FindingCollector) -> Bool {
        defer { failedLevel = level }
        // What a program wrote into the other stream cannot be put in order.
        return told.beforeStream > 0 || collector.errorsTold > told.atFailure || level < failedLevel
    }

    /// 2 of `make[2]`.
    private func level(_ program: Substring) -> Int {
        guard let number = program.before(suffix: "]")?.cut(at: "[")?.after else { return 0 }
        return number.smallNumber ?? 0
    }

    private func recipePlace(_ message: Substring, _ collector: inout FindingCollector) -> Finding.Place? {
        LocatedLine(message.droppingBytes(1)).flatMap { collector.place($0) }
    }
}
