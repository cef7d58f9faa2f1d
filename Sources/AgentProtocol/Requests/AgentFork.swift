import JSONRPC

/// `agent/fork`: begins a session with the files and the conversation that another one had at a step.
public enum AgentFork: RequestType {
    public static let method = "agent/fork"

    public struct Params: Codable, Sendable, Equatable {
        /// The session to fork; it must be live and goes on undisturbed.
        public var sessionId: String
        /// A step of a `snapshotTaken` event; absent: the newest.
        public var step: Int?
        /// What the new session is to do first; absent: it waits for a prompt.
        public var prompt: String?

        public init(sessionId: String, step: Int? = nil, prompt: String? = nil) {
            self.sessionId = sessionId
            self.step = step
            self.prompt = prompt
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// The new session.
        public var sessionId: String
        /// Sequence number of the new session's newest event.
        public var seq: Int

        public init(sessionId: String, seq: Int) {
            self.sessionId = sessionId
            self.seq = seq
        }
    }
}
