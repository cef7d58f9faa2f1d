/// How an approval ended.
public struct ApprovalResolution: Codable, Sendable, Equatable {
    public var approvalId: String
    public var cause: Cause
    /// Absent unless answered.
    public var decision: ApprovalDecision?
    public var feedback: String?
    /// Name of the client that answered.
    public var answeredBy: String?

    public enum Cause: String, Codable, Sendable, CaseIterable {
        case answered
        /// No answer in time: a denial.
        case timedOut
        /// The turn ended before an answer.
        case withdrawn
    }

    public init(
        approvalId: String, cause: Cause, decision: ApprovalDecision? = nil, feedback: String? = nil,
        answeredBy: String? = nil
    ) {
        self.approvalId = approvalId
        self.cause = cause
        self.decision = decision
        self.feedback = feedback
        self.answeredBy = answeredBy
    }
}
