import Diagnostics

/// A command whose success means that the work is in order.
public struct CheckDefinition: Sendable, Equatable, Codable {
    /// When a check runs.
    public enum Occasion: String, Sendable, Codable, CaseIterable {
        /// After each edit. A check that turns out to be slow is put off by the agent loop until the end.
        case afterEdit
        /// Only before a turn may call itself done.
        case end
    }

    /// Who asked for a check.
    public enum Origin: String, Sendable, Codable, CaseIterable {
        /// The service's file. Nobody else can take it away.
        case organisation
        /// `agent/start`.
        case client
        /// `.cofferdam.yaml`.
        case repository
        /// Found by the repository's files.
        case detected
    }

    public static let defaultTimeoutSeconds = 600

    /// Unique within a session.
    public var name: String
    /// The argument vector; never empty.
    public var command: [String]
    /// Whether the check decides if the work is verified.
    public var required: Bool
    public var timeoutSeconds: Int
    /// The name of the parser of its output; nil: found by command and content.
    public var parser: String?
    /// The parser that the configuration describes; ``parser`` is its name then.
    public var configuredParser: ConfiguredParser?
    public var when: Occasion
    /// Globs of the files that its result depends on (see ``PathGlob``); nil: on every file.
    public var paths: [String]?
    /// Globs of the files of the workspace that it writes for programs to read: JUnit, SARIF and others.
    public var reports: [String]?
    /// Nil in what an earlier version kept.
    public var origin: Origin?

    public init(
        name: String, command: [String], required: Bool = true,
        timeoutSeconds: Int = CheckDefinition.defaultTimeoutSeconds, parser: String? = nil,
        configuredParser: ConfiguredParser? = nil, when: Occasion = .afterEdit, paths: [String]? = nil,
        reports: [String]? = nil, origin: Origin? = nil
    ) {
        self.name = name
        self.command = command
        self.required = required
        self.timeoutSeconds = timeoutSeconds
        self.parser = parser
        self.configuredParser = configuredParser
        self.when = when
        self.paths = paths
        self.reports = reports
        self.origin = origin
    }
}
