import JSONRPC

extension LSP {
    enum DidChangeWatchedFiles: NotificationType {
        static let method = "workspace/didChangeWatchedFiles"

        struct Params: Codable, Sendable {
            var changes: [FileEvent]
        }

        struct FileEvent: Codable, Sendable {
            var uri: String
        }
    }
}
