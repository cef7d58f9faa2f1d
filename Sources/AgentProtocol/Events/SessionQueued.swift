/// `sessionQueued`: the session waits for others to end, as the service runs no more sandboxes at a time; sent again when it has
/// moved up.
public struct SessionQueued: Codable, Sendable, Equatable {
    /// Its place, from 1. A session of somebody who has fewer sandboxes may still come before it.
    public var position: Int

    public init(position: Int) {
        self.position = position
    }
}
