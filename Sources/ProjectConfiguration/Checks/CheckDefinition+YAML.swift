import Diagnostics
import JSON

/// A check as a configuration file has it.
///
///     - name: tests
///       command: [make, test]      # or a string, which /bin/sh -c runs
///       required: true             # default
///       timeout: 600               # seconds; default
///       when: afterEdit            # default; or end
///       paths: [src/, "*.c"]       # default: every file
///       reports: [build/junit.xml] # that it writes; those in $COFFERDAM_REPORTS are read anyway
///       parser: gcc                # default: found by command and content
///
/// The output of a tool that no parser knows can be described, in one of two notations that many tools are described in:
///
///       parser: {errorformat: ["%f:%l:%c: %t%*[^:]: %m"]}
///       parser:
///         problemMatcher:
///           owner: our-linter
///           pattern: [{regexp: '^(.+)\((\d+)\): (\w+): (.+)$', file: 1, line: 2, severity: 3, message: 4}]
extension CheckDefinition {
    public static let keys = ["name", "command", "required", "timeout", "parser", "when", "paths", "reports"]

    /// - Parameter others: further keys that the mapping may have, for the caller to read.
    public init(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, origin: Origin, others: [String] = []
    ) throws(ConfigurationError) {
        let members = try reader.object(value, at: path, keys: Self.keys + others)
        guard let name = members["name"] else { throw reader.error(at: path, "\(path) has no name") }
        guard let command = members["command"] else { throw reader.error(at: path, "\(path) has no command") }
        self.init(
            name: try reader.name(name, at: path["name"]), command: try reader.command(command, at: path["command"]),
            origin: origin)
        if let value = members["required"] { required = try reader.bool(value, at: path["required"]) }
        if let value = members["timeout"] {
            timeoutSeconds = try reader.integer(
                value, at: path["timeout"], within: 1...ConfigurationLimits.timeoutSeconds)
        }
        if let value = members["parser"] {
            (parser, configuredParser) = try ParserReader(reader: reader).parser(value, at: path["parser"])
        }
        if let value = members["when"] {
            let text = try reader.name(value, at: path["when"])
            guard let occasion = Occasion(rawValue: text) else {
                let known = Occasion.allCases.map(\.rawValue).joined(separator: " or ")
                throw reader.error(at: path["when"], "\(path["when"]) must be \(known), not ‘\(text)’")
            }
            when = occasion
        }
        if let value = members["paths"] { paths = try Self.globs(value, at: path["paths"], reader) }
        if let value = members["reports"] { reports = try Self.globs(value, at: path["reports"], reader) }
    }

    private static func globs(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws(ConfigurationError) -> [String] {
        let entries = try reader.array(value, at: path, most: ConfigurationLimits.globs)
        // A check that depends on nothing would never run.
        guard !entries.isEmpty else { throw reader.error(at: path, "\(path) names nothing") }
        var globs: [String] = []
        for (index, entry) in entries.enumerated() {
            let glob = try reader.string(entry, at: path[index], most: ConfigurationLimits.pathBytes)
            if let fault = PathGlob.fault(glob) { throw reader.error(at: path[index], "\(path[index]): \(fault)") }
            globs.append(glob)
        }
        return globs
    }

    /// A list of checks, each of another name.
    static func list(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, origin: Origin
    ) throws(ConfigurationError) -> [CheckDefinition] {
        var checks: [CheckDefinition] = []
        for (index, entry) in try reader.array(value, at: path, most: ConfigurationLimits.checks).enumerated() {
            let check = try CheckDefinition(entry, at: path[index], reader, origin: origin)
            if checks.contains(where: { $0.name == check.name }) {
                throw reader.error(at: path[index]["name"], "two checks are called ‘\(check.name)’")
            }
            checks.append(check)
        }
        return checks
    }
}
