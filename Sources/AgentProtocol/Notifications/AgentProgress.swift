import JSONRPC

/// `agent/progress`: one event of a session's log.
public enum AgentProgress: NotificationType {
    public static let method = "agent/progress"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Position in the session's log, from 1 without holes (a hole would be a `gap` event).
        public var seq: Int
        /// Milliseconds since 1970 (UTC) when the event was logged.
        public var time: Int
        public var event: AgentEvent

        public init(sessionId: String, seq: Int, time: Int, event: AgentEvent) {
            self.sessionId = sessionId
            self.seq = seq
            self.time = time
            self.event = event
        }
    }
}
