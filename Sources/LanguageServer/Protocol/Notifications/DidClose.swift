import JSONRPC

extension LSP {
    enum DidClose: NotificationType {
        static let method = "textDocument/didClose"

        struct Params: Codable, Sendable {
            var textDocument: TextDocumentIdentifier
        }
    }
}
