/// `sessionRestored`: files and conversation are again those of a step. What was running has been ended; the home
/// directory and `/tmp` are empty.
public struct SessionRestored: Codable, Sendable, Equatable {
    public var step: Int

    public init(step: Int) { self.step = step }
}
