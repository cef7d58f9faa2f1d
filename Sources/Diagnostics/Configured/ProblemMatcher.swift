import AgentProtocol
import JSON

/// One of GitHub's problem matchers: patterns for lines that follow each other, the last perhaps for several.
struct ProblemMatcher: Sendable {
    struct Step: Sendable {
        var pattern: LinePattern
        /// The group that each property is taken from.
        var groups: [(property: Property, group: Int)]
        /// Only of the last step: it may match several lines, a finding each.
        var loops: Bool
    }

    enum Property: String, Sendable, CaseIterable {
        case file, fromPath, line, column, endLine, endColumn, severity, code, message
        /// Of editors: `12`, `12,3`, `12,3,12,9`.
        case location
    }

    var owner: String
    var severity: String?
    var steps: [Step]

    private static let mostSteps = 8

    static func read(_ value: JSON, tool: String) throws(ConfiguredParser.Fault) -> [ProblemMatcher] {
        let value = value["problemMatcher"] ?? value
        let list = value.arrayValue ?? [value]
        guard !list.isEmpty, list.count <= ConfiguredParser.mostPatterns else {
            throw .init(description: "1 to \(ConfiguredParser.mostPatterns) problem matchers expected")
        }
        var matchers: [ProblemMatcher] = []
        for matcher in list { matchers.append(try read(one: matcher, tool: tool)) }
        return matchers
    }

    private static func read(one value: JSON, tool: String) throws(ConfiguredParser.Fault) -> ProblemMatcher {
        guard let pattern = value["pattern"] else { throw .init(description: "a problem matcher without pattern") }
        let patterns = pattern.arrayValue ?? [pattern]
        guard !patterns.isEmpty, patterns.count <= mostSteps else {
            throw .init(description: "1 to \(mostSteps) patterns expected in a problem matcher")
        }
        var steps: [Step] = []
        for pattern in patterns {
            guard let text = (pattern["regexp"] ?? pattern["pattern"])?.stringValue else {
                throw .init(description: "a pattern without regexp")
            }
            let compiled: LinePattern
            do { compiled = try LinePattern(text) } catch { throw .init(error, in: text) }
            var groups: [(Property, Int)] = []
            for property in Property.allCases {
                guard let group = pattern[property.rawValue]?.intValue else { continue }
                guard (0..<compiled.groups).contains(group) else {
                    throw .init(description: "\(property.rawValue): no group \(group) in \(text)")
                }
                groups.append((property, group))
            }
            steps.append(Step(pattern: compiled, groups: groups, loops: pattern["loop"]?.boolValue ?? false))
        }
        guard steps.dropLast().allSatisfy({ !$0.loops }) else {
            throw .init(description: "only the last pattern may loop")
        }
        guard steps.contains(where: { $0.groups.contains { $0.property == .message } }) else {
            throw .init(description: "no pattern names a group for the message")
        }
        return ProblemMatcher(
            owner: (value["owner"]?.stringValue ?? tool).shortened(toBytes: 64),
            severity: value["severity"]?.stringValue, steps: steps)
    }
}

/// Asks problem matchers.
struct ProblemMatcherParser: DiagnosticParser {
    static let name = "problem-matcher"
    static func recognises(command: [String]) -> Bool { false }

    let label: String
    private let matchers: [ProblemMatcher]
    private var scratch = PatternScratch()

    init(_ setting: ParserSetting) { self.init(label: Self.name, matchers: []) }

    init(label: String, matchers: [ProblemMatcher]) {
        self.label = label
        self.matchers = matchers
    }

    private typealias Values = [ProblemMatcher.Property: String]

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = PatternLine(cursor.line)
        for matcher in matchers {
            var values: Values = [:]
            guard match(matcher.steps[0], line, &values) else { continue }
            var look = cursor
            if follow(matcher, &values, &look, &collector) {
                cursor = look
                collector.endFinding()
                return true
            }
        }
        return false
    }

    /// Reads the lines behind the first one, and adds what they tell.
    private mutating func follow(
        _ matcher: ProblemMatcher, _ values: inout Values, _ cursor: inout OutputCursor,
        _ collector: inout FindingCollector
    ) -> Bool {
        cursor.advance()
        for step in matcher.steps.dropFirst() {
            guard !cursor.isAtEnd, match(step, PatternLine(cursor.line), &values) else { return false }
            cursor.advance()
        }
        var found = add(values, matcher, &collector)
        guard let last = matcher.steps.last, last.loops else { return found }
        while !cursor.isAtEnd {
            // What the lines before the last told holds for each of its lines.
            var more = values
            for (property, _) in last.groups { more[property] = nil }
            guard match(last, PatternLine(cursor.line), &more) else { break }
            found = add(more, matcher, &collector) || found
            cursor.advance()
        }
        return found
    }

    private mutating func match(_ step: ProblemMatcher.Step, _ line: PatternLine, _ values: inout Values) -> Bool {
        guard let groups = step.pattern.match(line, &scratch) else { return false }
        for (property, group) in step.groups {
            if let range = groups[group] { values[property] = line.text(range) }
        }
        return true
    }

    private func add(_ values: Values, _ matcher: ProblemMatcher, _ collector: inout FindingCollector) -> Bool {
        guard let message = values[.message], !message[...].isBlank else { return false }
        let severity: Diagnostic.Severity =
            switch (values[.severity] ?? matcher.severity ?? "error").lowercased() {
            case "warning", "warn", "w": .warning
            case "notice", "info", "information", "note", "hint", "i": .information
            default: .error
            }
        func number(_ property: ProblemMatcher.Property) -> Int? { values[property].flatMap { $0[...].smallNumber } }
        var numbers = [number(.line), number(.column), number(.endLine), number(.endColumn)]
        if let location = values[.location] {
            let parts = location.utf8.split(separator: UInt8(ascii: ",")).prefix(4).map { Substring($0).smallNumber }
            numbers = parts + [Int?](repeating: nil, count: 4 - parts.count)
            if parts.count == 3 { numbers = [parts[0], parts[1], nil, parts[2]] }
        }
        var file = values[.file]
        if let project = values[.fromPath], let name = file, name.utf8.first != UInt8(ascii: "/"),
            let slash = project.utf8.lastIndex(of: UInt8(ascii: "/"))
        {
            file = PathText.join(String(project[..<slash]), name)
        }
        var place = file.flatMap {
            collector.place($0[...], line: numbers[0] ?? 0, column: numbers[1], unit: .scalars)
        }
        place?.endLine = numbers[2]
        place?.endColumn = numbers[3]
        collector.add(
            Finding(
                tool: matcher.owner, severity: severity, code: values[.code].flatMap { $0.isEmpty ? nil : $0 },
                message: String(message[...].trimmed), place: place))
        return true
    }
}
