/// `turnStarted`: a prompt is being worked on.
public struct TurnStarted: Codable, Sendable, Equatable {
    public var turnId: String
    public var prompt: String
    public var model: String
    /// Pictures that came with the prompt.
    public var images: [ImageSummary]?

    public init(turnId: String, prompt: String, model: String, images: [ImageSummary]? = nil) {
        self.turnId = turnId
        self.prompt = prompt
        self.model = model
        self.images = images
    }
}
