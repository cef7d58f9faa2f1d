/// `turnStarted`: a prompt is being worked on.
public struct TurnStarted: Codable, Sendable, Equatable {
    public var turnId: String
    public var prompt: String
    public var model: String

    public init(turnId: String, prompt: String, model: String) {
        self.turnId = turnId
        self.prompt = prompt
        self.model = model
    }
}
