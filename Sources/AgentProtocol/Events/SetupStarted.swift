/// `setupStarted`: a command that prepares the environment begins.
public struct SetupStarted: Codable, Sendable, Equatable {
    /// `outputDelta` events name it.
    public var itemId: String
    public var command: [String]
    /// The step that it belongs to, from 1. Commands of the same step run at the same time.
    public var step: Int
    public var steps: Int

    public init(itemId: String, command: [String], step: Int, steps: Int) {
        self.itemId = itemId
        self.command = command
        self.step = step
        self.steps = steps
    }
}
