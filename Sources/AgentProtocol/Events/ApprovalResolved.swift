/// `approvalResolved`: an approval is answered, timed out or withdrawn; prompts for it can go.
public struct ApprovalResolved: Codable, Sendable, Equatable {
    public var resolution: ApprovalResolution

    public init(resolution: ApprovalResolution) {
        self.resolution = resolution
    }
}
