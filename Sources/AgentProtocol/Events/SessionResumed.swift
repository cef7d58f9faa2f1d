/// `sessionResumed`: the service ended without warning and was started again; the session goes on in its sandbox.
public struct SessionResumed: Codable, Sendable, Equatable {
    /// What had happened, in words for the user.
    public var reason: String
    /// Items that were cut and will not be completed.
    public var voidItemIds: [String]
    /// Items whose commands ran on meanwhile: their output goes on at the next offset.
    public var continuedItemIds: [String]

    public init(reason: String, voidItemIds: [String] = [], continuedItemIds: [String] = []) {
        self.reason = reason
        self.voidItemIds = voidItemIds
        self.continuedItemIds = continuedItemIds
    }
}
