import JSONRPC

extension LSP {
    enum SetTrace: NotificationType {
        static let method = "$/setTrace"

        struct Params: Codable, Sendable {
            /// `off`, `messages` or `verbose`.
            var value: String
        }
    }
}
