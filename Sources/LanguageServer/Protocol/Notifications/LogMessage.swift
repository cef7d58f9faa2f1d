import JSONRPC

extension LSP {
    enum LogMessage: NotificationType {
        static let method = "window/logMessage"

        struct Params: Codable, Sendable {
            var type: MessageType
            var message: String
        }
    }
}
