import AgentProtocol

/// What the parsers made of a check's output.
public struct ParsedOutput: Sendable, Equatable {
    /// In the order of the output, each once, with its fingerprint; at most `DiagnosticLimits.diagnostics`.
    public var diagnostics: [Diagnostic]
    /// The lines that no parser took, for the model to read; at most `DiagnosticLimits.unparsedBytes`.
    public var unparsed: String
    /// Names of the parsers that found something, in the order of their first finding.
    public var parsersUsed: [String]
    /// nil when the output tells of no tests.
    public var tests: TestResults?

    public init(
        diagnostics: [Diagnostic] = [], unparsed: String = "", parsersUsed: [String] = [], tests: TestResults? = nil
    ) {
        self.diagnostics = diagnostics
        self.unparsed = unparsed
        self.parsersUsed = parsersUsed
        self.tests = tests
    }
}
