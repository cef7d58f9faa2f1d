/// `promptReceived`: a follow-up arrived: queued for the next turn, or steering the running one.
public struct PromptReceived: Codable, Sendable, Equatable {
    public var text: String
    public var delivery: AgentPrompt.Delivery
    /// Pictures that came with it.
    public var images: [ImageSummary]?

    public init(text: String, delivery: AgentPrompt.Delivery, images: [ImageSummary]? = nil) {
        self.text = text
        self.delivery = delivery
        self.images = images
    }
}
