import JSONRPC

extension LSP {
    enum PublishDiagnostics: NotificationType {
        static let method = "textDocument/publishDiagnostics"

        struct Params: Codable, Sendable {
            var uri: String
            var version: Int?
            var diagnostics: [Diagnostic]
        }
    }
}
