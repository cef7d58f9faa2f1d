import AgentProtocol
import JSONRPC

/// `agent/transcript`, editor to language server: where the session's transcript is.
enum AgentTranscript: RequestType {
    static let method = "agent/transcript"
    typealias Params = SessionReference

    struct Result: Codable, Sendable, Equatable {
        /// A Markdown file that grows as events come.
        var path: String
    }
}
