import JSONRPC

extension LSP {
    enum DidChange: NotificationType {
        static let method = "textDocument/didChange"

        struct Params: Codable, Sendable {
            var textDocument: VersionedTextDocumentIdentifier
            /// Applied in order, each to the outcome of the one before.
            var contentChanges: [ContentChange]
        }
    }
}
