import JSONRPC

/// `agent/attach`: every event after `afterSeq`, then every later one, once and in order, as `agent/progress`.
public enum AgentAttach: RequestType {
    public static let method = "agent/attach"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Default 0: from the beginning.
        public var afterSeq: Int?

        public init(sessionId: String, afterSeq: Int? = nil) {
            self.sessionId = sessionId
            self.afterSeq = afterSeq
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var session: SessionSummary
        /// The newest event when the answer was made: what has arrived up to here is history.
        public var seq: Int

        public init(session: SessionSummary, seq: Int) {
            self.session = session
            self.seq = seq
        }
    }
}
