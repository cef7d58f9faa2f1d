import JSONRPC

extension LSP {
    enum ShowDocument: RequestType {
        static let method = "window/showDocument"

        struct Params: Codable, Sendable {
            var uri: String
            var external: Bool?
            var takeFocus: Bool?
        }

        struct Result: Codable, Sendable {
            var success: Bool
        }
    }
}
