import JSON
import JSONRPC

extension LSP {
    enum WorkDoneProgressCreate: RequestType {
        static let method = "window/workDoneProgress/create"

        struct Params: Codable, Sendable {
            var token: String
        }

        typealias Result = JSON
    }
}
