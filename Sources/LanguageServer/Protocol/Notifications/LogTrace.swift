import JSONRPC

extension LSP {
    enum LogTrace: NotificationType {
        static let method = "$/logTrace"

        struct Params: Codable, Sendable {
            var message: String
        }
    }
}
