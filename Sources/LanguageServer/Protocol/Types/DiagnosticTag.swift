import AgentProtocol

extension LSP {
    enum DiagnosticTag: Int, Codable, Sendable {
        case unnecessary = 1
        case deprecated = 2

        init(_ tag: AgentProtocol.Diagnostic.Tag) {
            switch tag {
            case .unnecessary: self = .unnecessary
            case .deprecated: self = .deprecated
            }
        }
    }
}
