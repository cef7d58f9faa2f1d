/// `gap`: events that can no longer be had.
public struct Gap: Codable, Sendable, Equatable {
    /// First lost.
    public var from: Int
    /// Last lost.
    public var to: Int
    public var reason: String

    public init(from: Int, to: Int, reason: String) {
        self.from = from
        self.to = to
        self.reason = reason
    }
}
