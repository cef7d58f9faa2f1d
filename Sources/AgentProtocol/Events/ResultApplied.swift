/// `resultApplied`: a client wrote the result into the working tree.
public struct ResultApplied: Codable, Sendable, Equatable {
    public var applied: [String]
    public var conflicts: [ApplyConflict]
    public var treeHash: String
    /// Name of the client.
    public var client: String
    /// Set when `applied` was taken back, or when it is only a part of the result.
    public var scope: ApplyScope?

    public init(
        applied: [String], conflicts: [ApplyConflict], treeHash: String, client: String, scope: ApplyScope? = nil
    ) {
        self.applied = applied
        self.conflicts = conflicts
        self.treeHash = treeHash
        self.client = client
        self.scope = scope
    }
}
