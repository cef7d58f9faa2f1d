import Diagnostics
import JSON

/// Reads a check's `parser:`.
struct ParserReader {
    let reader: ConfigurationReader

    private static let matcherKeys = ["owner", "severity", "pattern"]
    private static let patternKeys = [
        "regexp", "file", "fromPath", "line", "column", "endLine", "endColumn", "location", "severity", "code",
        "message", "loop",
    ]
    private static let mostSteps = 16

    /// - Returns: the parser's name, and its description where the configuration has one.
    func parser(
        _ value: JSON, at path: YAMLPath
    ) throws(ConfigurationError) -> (name: String, configured: ConfiguredParser?) {
        guard value.objectValue != nil else {
            let name = try reader.name(value, at: path)
            guard DiagnosticParsing.parserNames.contains(name) else {
                throw reader.error(
                    at: path,
                    "there is no parser ‘\(name)’; known: \(DiagnosticParsing.parserNames.joined(separator: ", "))")
            }
            return (name, nil)
        }
        let members = try reader.object(value, at: path, keys: ["errorformat", "problemMatcher"])
        guard members.count == 1 else {
            throw reader.error(at: path, "\(path) needs one of errorformat, problemMatcher")
        }
        let parser =
            if let value = members["errorformat"] {
                try errorformat(value, at: path["errorformat"])
            } else {
                try problemMatcher(members["problemMatcher"] ?? .null, at: path["problemMatcher"])
            }
        return (parser.name, parser)
    }

    private func errorformat(_ value: JSON, at path: YAMLPath) throws(ConfigurationError) -> ConfiguredParser {
        // One text with commas, as in Vim's own files, or a list.
        if value.stringValue != nil {
            let text = try reader.string(value, at: path, most: ConfigurationLimits.parserBytes)
            return try checked(.errorformat([text]), at: path)
        }
        var texts: [String] = []
        for (index, entry) in try reader.array(value, at: path, most: ConfiguredParser.mostPatterns).enumerated() {
            let text = try reader.string(entry, at: path[index], most: ConfigurationLimits.parserBytes)
            // Alone, for the line.
            _ = try checked(.errorformat([text]), at: path[index])
            texts.append(text)
        }
        return try checked(.errorformat(texts), at: path)
    }

    private func problemMatcher(_ value: JSON, at path: YAMLPath) throws(ConfigurationError) -> ConfiguredParser {
        guard value.arrayValue != nil else {
            try checkMatcher(value, at: path)
            return try checked(.problemMatcher(value), at: path)
        }
        for (index, entry) in try reader.array(value, at: path, most: ConfiguredParser.mostPatterns).enumerated() {
            try checkMatcher(entry, at: path[index])
            _ = try checked(.problemMatcher(entry), at: path[index])
        }
        return try checked(.problemMatcher(value), at: path)
    }

    /// Keys and types; what they mean is the parser's to say.
    private func checkMatcher(_ value: JSON, at path: YAMLPath) throws(ConfigurationError) {
        let members = try reader.object(value, at: path, keys: Self.matcherKeys)
        for key in ["owner", "severity"] {
            if let value = members[key] { _ = try reader.name(value, at: path[key]) }
        }
        guard let pattern = members["pattern"] else { throw reader.error(at: path, "\(path) has no pattern") }
        let place = path["pattern"]
        guard pattern.arrayValue != nil else { return try checkPattern(pattern, at: place) }
        for (index, entry) in try reader.array(pattern, at: place, most: Self.mostSteps).enumerated() {
            try checkPattern(entry, at: place[index])
        }
    }

    private func checkPattern(_ value: JSON, at path: YAMLPath) throws(ConfigurationError) {
        let members = try reader.object(value, at: path, keys: Self.patternKeys)
        for (key, value) in members {
            switch key {
            case "regexp": _ = try reader.string(value, at: path[key], most: ConfigurationLimits.parserBytes)
            case "loop": _ = try reader.bool(value, at: path[key])
            default: _ = try reader.integer(value, at: path[key], within: 0...ConfigurationLimits.groups)
            }
        }
    }

    private func checked(
        _ definition: ConfiguredParser.Definition, at path: YAMLPath
    ) throws(ConfigurationError) -> ConfiguredParser {
        let parser = ConfiguredParser(definition)
        do throws(ConfiguredParser.Fault) { try parser.validate() } catch {
            throw reader.error(at: path, "\(path): \(error)")
        }
        return parser
    }
}
