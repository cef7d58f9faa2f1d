import JSONRPC

extension LSP {
    enum Initialized: NotificationType {
        static let method = "initialized"
        typealias Params = Empty
    }
}
