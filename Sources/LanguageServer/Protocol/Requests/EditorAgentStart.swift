import AgentProtocol
import JSON
import JSONRPC

/// `agent/start` as an editor sends it: the language server adds what it knows.
enum EditorAgentStart: RequestType {
    static let method = AgentStart.method

    struct Params: Codable, Sendable {
        var prompt: String
        /// Absent: the workspace folder of the first selection's or diagnostic's `uri`, else the root.
        var workspaceFolder: String?
        /// Instead of a folder of the editor: its buffers are not sent then.
        var repository: RepositoryReference?
        /// Wins over open buffers of the same path.
        var documents: [DocumentOverlay]?
        /// Like `PromptContext`; an entry with a `uri` is an LSP one (`{uri, range}` or an LSP diagnostic with `uri`)
        /// and is converted.
        var context: JSON?
        /// Pictures that belong to the prompt; a model that plays the role must read them.
        var images: [PromptImage]?
        var model: String?
        var checks: [CheckSpecification]?
        var mode: SessionMode?
        var budgets: Budgets?
        var idempotencyKey: String?
        /// Records what models are asked and answer, for `agent/recording`. Refused where the service does not permit it.
        var record: Bool?
        /// Plays a recording instead of asking models; `prompt`, `model`, `mode`, `checks`, `budgets`, `context`, `images` and `documents` are then the recorded ones.
        var replay: ModelReplay?
    }

    typealias Result = AgentStart.Result
}
