import Models

/// The models of one session, as programs in its sandbox may use them: under the session's routing and budgets.
public protocol ModelAccess: Sendable {
    /// Names that programs can ask for.
    var names: [String] { get async }

    /// Asks for one turn, as `ModelProvider.stream`.
    /// - Parameter name: what the program wrote as its model, untrusted; a name that the session does not know means
    ///   the session's usual model.
    func stream(_ request: ModelRequest, named name: String) -> AsyncThrowingStream<ModelEvent, any Error>

    /// Whether a request would be let in now, before its answer begins.
    /// - Throws: `BudgetSpent`, as the stream does too.
    func admit(_ request: ModelRequest) async throws

    /// Called once for every request that reached a model, when it is over.
    func served(_ call: ServedCall) async
}

/// A request of a program that is over.
public struct ServedCall: Sendable, Equatable {
    public var face: GatewayFace
    /// The model that answered, as the session names it; empty when none did.
    public var model: String
    public var usage: ModelUsage
    /// Why there was no whole answer; nil when there was.
    public var failure: String?

    public init(face: GatewayFace, model: String, usage: ModelUsage, failure: String? = nil) {
        self.face = face
        self.model = model
        self.usage = usage
        self.failure = failure
    }
}

/// Which vendor's API a program speaks.
public enum GatewayFace: String, Sendable, CaseIterable {
    /// Anthropic Messages.
    case messages
    /// OpenAI Chat Completions.
    case chatCompletions
    /// OpenAI Responses.
    case responses
}
