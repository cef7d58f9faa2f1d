/// A check: a command whose success means that the work is in order.
public struct CheckSpecification: Codable, Sendable, Equatable {
    public var name: String
    /// Argument vector; never a shell string.
    public var command: [String]
    /// A check that is not required does not decide `verified`. Default true.
    public var required: Bool?
    /// Seconds; default 600.
    public var timeoutSeconds: Int?
    /// Name of the output's parser; absent: found by command and content.
    public var parser: String?
    /// Patterns of Vim's `errorformat` that read the output, instead of `parser`.
    public var errorformat: [String]?
    /// GitHub's problem matcher that reads the output, or a list of them, instead of `parser`.
    public var problemMatcher: JSONValue?
    /// When it runs; default `afterEdit`.
    public var when: Occasion?
    /// Globs of the files that its result depends on; default every file.
    public var paths: [String]?
    /// Globs of files of the workspace that it writes and that are read as reports.
    public var reports: [String]?

    /// When a check runs.
    public enum Occasion: String, Codable, Sendable, CaseIterable {
        /// After each edit, unless it proves slow.
        case afterEdit
        /// Only before a turn may call itself done.
        case end
    }

    public init(
        name: String, command: [String], required: Bool? = nil, timeoutSeconds: Int? = nil, parser: String? = nil,
        errorformat: [String]? = nil, problemMatcher: JSONValue? = nil, when: Occasion? = nil, paths: [String]? = nil,
        reports: [String]? = nil
    ) {
        self.name = name
        self.command = command
        self.required = required
        self.timeoutSeconds = timeoutSeconds
        self.parser = parser
        self.errorformat = errorformat
        self.problemMatcher = problemMatcher
        self.when = when
        self.paths = paths
        self.reports = reports
    }
}
