import JSONRPC

extension LSP {
    enum DidChangeWorkspaceFolders: NotificationType {
        static let method = "workspace/didChangeWorkspaceFolders"

        struct Params: Codable, Sendable {
            var event: Event
        }

        struct Event: Codable, Sendable {
            var added: [WorkspaceFolder]
            var removed: [WorkspaceFolder]
        }
    }
}
