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
    /// git tree hash of the workspace when the check ran.
    public var treeHash: String

    public init(
        name: String, command: [String], required: Bool, passed: Bool, result: CommandResult, errors: Int,
        warnings: Int, tests: TestCounts? = nil, startedAt: Int? = nil, treeHash: String
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
    }
}
