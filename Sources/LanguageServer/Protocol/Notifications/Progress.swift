import JSONRPC

extension LSP {
    enum Progress: NotificationType {
        static let method = "$/progress"

        struct Params: Codable, Sendable {
            var token: String
            var value: WorkDoneProgress
        }
    }
}
