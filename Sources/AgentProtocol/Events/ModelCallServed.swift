/// `modelCallServed`: a program in the sandbox asked a model through the model gateway, and that is over.
public struct ModelCallServed: Codable, Sendable, Equatable {
    /// The API that the program spoke: `messages`, `chatCompletions` or `responses`.
    public var api: String
    /// The model that answered; absent when none did.
    public var model: String?
    public var usage: TokenUsage
    /// What the answer cost, in millionths of a US dollar; absent where the model has no prices.
    public var costMicros: Int?
    /// Why there was no whole answer; absent when there was.
    public var failure: String?

    public init(api: String, model: String? = nil, usage: TokenUsage, costMicros: Int? = nil, failure: String? = nil) {
        self.api = api
        self.model = model
        self.usage = usage
        self.costMicros = costMicros
        self.failure = failure
    }
}
