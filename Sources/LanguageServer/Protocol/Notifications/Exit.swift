import JSONRPC

extension LSP {
    enum Exit: NotificationType {
        static let method = "exit"
        typealias Params = Empty
    }
}
