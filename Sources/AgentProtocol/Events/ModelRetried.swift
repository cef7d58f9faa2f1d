/// `modelRetried`: the model's answer broke off or was refused and is asked for again; items begun since the last completed one are void.
public struct ModelRetried: Codable, Sendable, Equatable {
    public var reason: String
    public var delayMilliseconds: Int
    /// Items that will not be completed.
    public var voidItemIds: [String]

    public init(reason: String, delayMilliseconds: Int, voidItemIds: [String]) {
        self.reason = reason
        self.delayMilliseconds = delayMilliseconds
        self.voidItemIds = voidItemIds
    }
}
