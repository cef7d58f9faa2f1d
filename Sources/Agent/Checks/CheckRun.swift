import AgentProtocol
import Diagnostics

/// What one run of a check gave.
struct CheckRun: Sendable {
    var evidence: CheckEvidence
    var diagnostics: [Diagnostic]
    /// Nil when the output tells of no tests.
    var tests: TestResults?
    /// Output that no parser took.
    var unparsed: String
}
