/// `snapshotFailed`: no snapshot could be taken at this step; the session goes on without it.
public struct SnapshotFailed: Codable, Sendable, Equatable {
    public var step: Int
    public var reason: String

    public init(step: Int, reason: String) {
        self.step = step
        self.reason = reason
    }
}
