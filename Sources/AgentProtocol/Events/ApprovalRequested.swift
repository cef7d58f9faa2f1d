/// `approvalRequested`: an action waits for the user.
public struct ApprovalRequested: Codable, Sendable, Equatable {
    public var approval: ApprovalRequest

    public init(approval: ApprovalRequest) {
        self.approval = approval
    }
}
