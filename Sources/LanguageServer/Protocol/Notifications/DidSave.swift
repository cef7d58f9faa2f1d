import JSONRPC

extension LSP {
    enum DidSave: NotificationType {
        static let method = "textDocument/didSave"

        struct Params: Codable, Sendable {
            var textDocument: TextDocumentIdentifier
        }
    }
}
