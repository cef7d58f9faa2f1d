import AgentProtocol

extension LSP {
    enum DiagnosticSeverity: Int, Codable, Sendable {
        case error = 1
        case warning = 2
        case information = 3
        case hint = 4

        init(_ severity: AgentProtocol.Diagnostic.Severity) {
            switch severity {
            case .error: self = .error
            case .warning: self = .warning
            case .information: self = .information
            case .hint: self = .hint
            }
        }

        var agentSeverity: AgentProtocol.Diagnostic.Severity {
            switch self {
            case .error: .error
            case .warning: .warning
            case .information: .information
            case .hint: .hint
            }
        }
    }
}
