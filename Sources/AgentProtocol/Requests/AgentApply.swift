import JSONRPC

/// `agent/apply`, editor to client: writes the session's result into the working tree and open buffers.
///
/// A file that the user changed since is merged. Where that cannot be, it is left as it is and reported as a conflict.
public enum AgentApply: RequestType {
    public static let method = "agent/apply"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// These files as a whole, relative to the workspace folder. With neither `paths` nor `hunks`: all.
        public var paths: [String]?
        /// Parts of these files.
        public var hunks: [HunkChoice]?

        public init(sessionId: String, paths: [String]? = nil, hunks: [HunkChoice]? = nil) {
            self.sessionId = sessionId
            self.paths = paths
            self.hunks = hunks
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
