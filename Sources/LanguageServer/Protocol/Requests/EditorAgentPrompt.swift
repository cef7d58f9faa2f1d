import AgentProtocol
import JSON
import JSONRPC

/// `agent/prompt` as an editor sends it: its context may hold LSP diagnostics, as in `EditorAgentStart`.
enum EditorAgentPrompt: RequestType {
    static let method = AgentPrompt.method

    struct Params: Codable, Sendable {
        var sessionId: String
        var text: String
        var delivery: AgentPrompt.Delivery?
        var context: JSON?
        /// Pictures that belong to the prompt; a model that plays the role must read them.
        var images: [PromptImage]?
        var model: String?
        var keepModel: Bool?
    }

    typealias Result = AgentPrompt.Result
}
