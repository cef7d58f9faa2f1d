import JSONRPC

extension LSP {
    enum DidOpen: NotificationType {
        static let method = "textDocument/didOpen"

        struct Params: Codable, Sendable {
            var textDocument: TextDocumentItem
        }
    }
}
