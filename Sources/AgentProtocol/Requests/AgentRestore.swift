import JSONRPC

/// `agent/restore`: sets a session's files and conversation back to a step, or forward again.
public enum AgentRestore: RequestType {
    public static let method = "agent/restore"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// A step of a `snapshotTaken` event.
        public var step: Int

        public init(sessionId: String, step: Int) {
            self.sessionId = sessionId
            self.step = step
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Sequence number of the `sessionRestored` event.
        public var seq: Int

        public init(seq: Int) { self.seq = seq }
    }
}
