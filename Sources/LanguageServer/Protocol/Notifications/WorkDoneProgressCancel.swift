import JSON
import JSONRPC

extension LSP {
    enum WorkDoneProgressCancel: NotificationType {
        static let method = "window/workDoneProgress/cancel"

        struct Params: Codable, Sendable {
            /// A string or a number; ours are strings.
            var token: JSON
        }
    }
}
