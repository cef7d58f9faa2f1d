import JSONRPC

/// `agent/list`: sessions, newest first.
public enum AgentList: RequestType {
    public static let method = "agent/list"

    public struct Params: Codable, Sendable, Equatable {
        /// Only sessions on this folder.
        public var workspaceFolder: String?
        public var cursor: String?
        /// 1 to 200; default 50.
        public var limit: Int?

        public init(workspaceFolder: String? = nil, cursor: String? = nil, limit: Int? = nil) {
            self.workspaceFolder = workspaceFolder
            self.cursor = cursor
            self.limit = limit
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var sessions: [SessionSummary]
        public var nextCursor: String?

        public init(sessions: [SessionSummary], nextCursor: String? = nil) {
            self.sessions = sessions
            self.nextCursor = nextCursor
        }
    }
}
