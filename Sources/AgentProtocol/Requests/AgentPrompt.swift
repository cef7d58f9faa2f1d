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
        /// Pictures that belong to the prompt; a model that plays the role must read them.
        public var images: [PromptImage]?
        /// For this turn: a model, or a role whose list is meant, by its name in `models.yaml`. With `steer`: from the next step.
        public var model: String?
        /// The model stays the session's after this turn.
        public var keepModel: Bool?

        public init(
            sessionId: String, text: String, delivery: Delivery? = nil, context: PromptContext? = nil,
            images: [PromptImage]? = nil, model: String? = nil, keepModel: Bool? = nil
        ) {
            self.sessionId = sessionId
            self.text = text
            self.delivery = delivery
            self.context = context
            self.images = images
            self.model = model
            self.keepModel = keepModel
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var seq: Int

        public init(seq: Int) { self.seq = seq }
    }
}
