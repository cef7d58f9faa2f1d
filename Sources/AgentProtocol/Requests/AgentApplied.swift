import JSONRPC

/// `agent/applied`, client to service: records in the session's log what a client wrote into the working tree.
public enum AgentApplied: RequestType {
    public static let method = "agent/applied"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        public var treeHash: String
        public var applied: [String]
        public var conflicts: [ApplyConflict]
        /// Set when `applied` was taken back, or when it is only a part of the result.
        public var scope: ApplyScope?

        public init(
            sessionId: String, treeHash: String, applied: [String], conflicts: [ApplyConflict],
            scope: ApplyScope? = nil
        ) {
            self.sessionId = sessionId
            self.treeHash = treeHash
            self.applied = applied
            self.conflicts = conflicts
            self.scope = scope
        }
    }

    public typealias Result = Empty
}
