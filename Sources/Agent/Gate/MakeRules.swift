/// What a makefile says, as far as the gate asks: recipes by target, and variables.
struct MakeRules {
    struct Rule {
        var line: Int
        var recipe: [SourceText.Line] = []
        var prerequisites: [String] = []
    }

    var rules: [String: Rule] = [:]
    /// Words by variable.
    var variables: [String: [String]] = [:]
    var firstTarget: String?

    init(_ source: SourceText, raw: [UInt8]?) {
        guard let raw else { return }
        // Recipes begin with a tab, which trimmed lines no longer show.
        let starts = raw.split(separator: 0x0A, omittingEmptySubsequences: false).map(\.first)
        var targets: [String] = []
        for line in source.lines where !line.code.isEmpty {
            let index = line.number - 1
            if index < starts.count, starts[index] == 0x09, !targets.isEmpty {
                for target in targets { rules[target]?.recipe.append(line) }
                continue
            }
            if let (name, words) = Self.assignment(line.code) {
                variables[name, default: []] += words
                continue
            }
            guard let colon = line.code.firstIndex(of: ":") else { continue }
            targets = line.code[..<colon].split(separator: " ").prefix(64).map(String.init)
            let rest = line.code[line.code.index(after: colon)...].drop { $0 == ":" }
            let parts = rest.split(separator: ";", maxSplits: 1)
            let prerequisites = parts.first.map { $0.split(separator: " ").map(String.init) } ?? []
            for target in targets {
                if firstTarget == nil, !target.hasPrefix(".") { firstTarget = target }
                rules[target, default: Rule(line: line.number)].prerequisites += prerequisites
                if parts.count > 1 {
                    var inline = line
                    inline.code = String(parts[1])
                    rules[target]?.recipe.append(inline)
                }
            }
        }
    }

    private static func assignment(_ code: String) -> (String, [String])? {
        guard let place = code.firstIndex(of: "=") else { return nil }
        let name = code[..<place].prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "." }
        let between = code[name.endIndex..<place].filter { $0 != " " && $0 != "\t" }
        guard !name.isEmpty, ["", ":", "::", "?", "+", "!"].contains(between) else { return nil }
        return (String(name), code[code.index(after: place)...].split(separator: " ").map(String.init))
    }
}
