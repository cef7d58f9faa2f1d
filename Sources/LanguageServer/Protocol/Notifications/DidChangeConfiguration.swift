import JSON
import JSONRPC

extension LSP {
    enum DidChangeConfiguration: NotificationType {
        static let method = "workspace/didChangeConfiguration"

        struct Params: Codable, Sendable {
            var settings: JSON?
        }
    }
}
