/// What a check proved, on which tree.
public struct CheckEvidence: Codable, Sendable, Equatable {
    public var name: String
    public var command: [String]
    public var required: Bool
    public var passed: Bool
    public var result: CommandResult
    public var errors: Int
    public var warnings: Int
    /// Absent when the check ran no tests that a parser knows of.
    public var tests: TestCounts?
    /// Milliseconds since 1970 (UTC) when the check began.
    public var startedAt: Int?
    /// git tree hash of the workspace that it holds for.
    public var treeHash: String
    /// git tree hash of the workspace when the check ran, where that is another one: no file that the check depends on
    /// (`paths`) is different there.
    public var ranOn: String?
    /// The check did not run: an earlier session had its result on the same tree. It verifies nothing.
    public var fromCache: Bool?
    /// Who asked for the check.
    public var origin: Origin?

    /// Who asked for a check.
    public enum Origin: String, Codable, Sendable, CaseIterable {
        /// The service's configuration: neither repository nor client can take it away.
        case organisation
        /// `agent/start`.
        case client
        /// The repository's `.cofferdam.yaml`.
        case repository
        /// Nobody: it was found by the repository's files.
        case detected
    }

    public init(
        name: String, command: [String], required: Bool, passed: Bool, result: CommandResult, errors: Int,
        warnings: Int, tests: TestCounts? = nil, startedAt: Int? = nil, treeHash: String,
        ranOn: String? = nil, fromCache: Bool? = nil, origin: Origin? = nil
    ) {
        self.name = name
        self.command = command
        self.required = required
        self.passed = passed
        self.result = result
        self.errors = errors
        self.warnings = warnings
        self.tests = tests
        self.startedAt = startedAt
        self.treeHash = treeHash
        self.ranOn = ranOn
        self.fromCache = fromCache
        self.origin = origin
    }
}
