import AgentProtocol
import JSON

/// The one object that each command takes; every command reads what it needs.
struct CommandArguments: Codable, Sendable {
    var prompt: String?
    var uri: String?
    var range: LSP.Range?
    /// LSP diagnostics as the client has them.
    var diagnostics: [JSON]?
    var sessionId: String?
    var text: String?
    var delivery: AgentPrompt.Delivery?
    var approvalId: String?
    var decision: ApprovalDecision?
    var feedback: String?
    var paths: [String]?
    var hunks: [HunkChoice]?
    var workspaceFolder: String?
    var step: Int?
    var model: String?

    init(
        prompt: String? = nil, uri: String? = nil, range: LSP.Range? = nil, diagnostics: [JSON]? = nil,
        sessionId: String? = nil, approvalId: String? = nil
    ) {
        self.prompt = prompt
        self.uri = uri
        self.range = range
        self.diagnostics = diagnostics
        self.sessionId = sessionId
        self.approvalId = approvalId
    }
}
