import JSON
import JSONRPC

extension LSP {
    enum ExecuteCommand: RequestType {
        static let method = "workspace/executeCommand"

        struct Params: Codable, Sendable {
            var command: String
            var arguments: [JSON]?
        }

        typealias Result = JSON
    }
}
