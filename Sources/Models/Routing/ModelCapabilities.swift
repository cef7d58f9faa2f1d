/// What a model can do, as `models.yaml` says. What is not said is taken to be there: the endpoint will tell.
public struct ModelCapabilities: Sendable, Equatable, Codable {
    /// Reads images.
    public var images: Bool
    /// Calls tools. A model that cannot is no model for a session's loop.
    public var tools: Bool
    /// Thinks before it speaks.
    public var reasoning: Bool

    public init(images: Bool = true, tools: Bool = true, reasoning: Bool = true) {
        self.images = images
        self.tools = tools
        self.reasoning = reasoning
    }
}
