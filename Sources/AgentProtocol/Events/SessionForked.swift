/// `sessionForked`: this session began with the files and the conversation that another one had at a step.
public struct SessionForked: Codable, Sendable, Equatable {
    /// The session that it was forked from.
    public var from: String
    /// The step of that session.
    public var step: Int

    public init(from: String, step: Int) {
        self.from = from
        self.step = step
    }
}
