/// `commitFailed`: no commit could be made of this step; the session goes on, and the next commit holds its changes too.
public struct CommitFailed: Codable, Sendable, Equatable {
    public var step: Int
    public var reason: String

    public init(step: Int, reason: String) {
        self.step = step
        self.reason = reason
    }
}
