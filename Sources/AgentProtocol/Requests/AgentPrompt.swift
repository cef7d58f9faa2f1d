import JSONRPC

/// `agent/prompt`: a follow-up to a session.
public enum AgentPrompt: RequestType {
    public static let method = "agent/prompt"

    public enum Delivery: String, Codable, Sendable, CaseIterable {
        /// After the running turn.
        case queue
        /// Into the running turn, before the model's next step.
        case steer
    }

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        public var text: String
        /// Default `queue`.
        public var delivery: Delivery?
        public var context: PromptContext?

        public init(sessionId: String, text: String, delivery: Delivery? = nil, context: PromptContext? = nil) {
            self.sessionId = sessionId
            self.text = text
            self.delivery = delivery
            self.context = context
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var seq: Int

        public init(seq: Int) { self.seq = seq }
    }
}
