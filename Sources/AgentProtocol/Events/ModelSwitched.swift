/// `modelSwitched`: another model goes on, because the one before failed, is resting after a failure, or was told to make room; items begun since the last completed one are void.
public struct ModelSwitched: Codable, Sendable, Equatable {
    /// Names in the service's `models.yaml`.
    public var from: String
    public var to: String
    public var reason: String
    /// What it is asked for: `edit` or `plan`, the loop of the session.
    public var role: String
    /// Items that will not be completed.
    public var voidItemIds: [String]

    public init(from: String, to: String, reason: String, role: String, voidItemIds: [String]) {
        self.from = from
        self.to = to
        self.reason = reason
        self.role = role
        self.voidItemIds = voidItemIds
    }
}
