import AgentProtocol
import JSON
import JSONRPC

extension LSP {
    enum Initialize: RequestType {
        static let method = "initialize"

        struct Params: Codable, Sendable {
            var processId: Int?
            var clientInfo: ProgramInfo?
            /// Deprecated, yet all that some clients send.
            var rootPath: String?
            var rootUri: String?
            var initializationOptions: JSON?
            var capabilities: ClientCapabilities?
            var trace: String?
            var workspaceFolders: [WorkspaceFolder]?
        }

        struct Result: Codable, Sendable {
            var capabilities: ServerCapabilities
            var serverInfo: ProgramInfo
        }
    }
}
