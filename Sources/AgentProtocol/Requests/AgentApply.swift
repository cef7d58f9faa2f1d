import JSONRPC

/// `agent/apply`, editor to client: writes the session's result into the working tree and open buffers.
///
/// A file that the user changed since the snapshot is left as it is and reported as a conflict.
public enum AgentApply: RequestType {
    public static let method = "agent/apply"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Only these files, relative to the workspace folder.
        public var paths: [String]?

        public init(sessionId: String, paths: [String]? = nil) {
            self.sessionId = sessionId
            self.paths = paths
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var applied: [String]
        public var conflicts: [ApplyConflict]

        public init(applied: [String], conflicts: [ApplyConflict]) {
            self.applied = applied
            self.conflicts = conflicts
        }
    }
}
