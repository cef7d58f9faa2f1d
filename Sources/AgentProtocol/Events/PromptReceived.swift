/// `promptReceived`: a follow-up arrived: queued for the next turn, or steering the running one.
public struct PromptReceived: Codable, Sendable, Equatable {
    public var text: String
    public var delivery: AgentPrompt.Delivery

    public init(text: String, delivery: AgentPrompt.Delivery) {
        self.text = text
        self.delivery = delivery
    }
}
