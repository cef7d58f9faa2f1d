import JSONRPC

/// `agent/undo`, editor to client: puts files and buffers back as they were before the newest apply that is not undone yet.
///
/// What the user changed since is kept: it is merged as it is on apply. What was undone can be applied again.
public enum AgentUndo: RequestType {
    public static let method = "agent/undo"

    public struct Params: Codable, Sendable, Equatable {
        /// Absent: whichever session was applied last in the workspace folder.
        public var sessionId: String?
        /// An absolute path or a `file:` URI; absent: the session's, else the editor's first.
        public var workspaceFolder: String?

        public init(sessionId: String? = nil, workspaceFolder: String? = nil) {
            self.sessionId = sessionId
            self.workspaceFolder = workspaceFolder
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Files that are as they were, but for the user's changes since.
        public var undone: [String]
        public var conflicts: [ApplyConflict]
        /// How many further applies of this session can be undone.
        public var left: Int

        public init(sessionId: String, undone: [String], conflicts: [ApplyConflict], left: Int) {
            self.sessionId = sessionId
            self.undone = undone
            self.conflicts = conflicts
            self.left = left
        }
    }
}
