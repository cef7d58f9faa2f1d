import JSONRPC

extension LSP {
    enum ShowMessage: NotificationType {
        static let method = "window/showMessage"

        struct Params: Codable, Sendable {
            var type: MessageType
            var message: String
        }
    }
}
