import JSONRPC

/// `agent/approve`, client to service: the answer to a pending approval. The first answer wins; a late one is told who won.
public enum AgentApprove: RequestType {
    public static let method = "agent/approve"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        public var approvalId: String
        public var decision: ApprovalDecision
        /// Told to the model with a rejection.
        public var feedback: String?
        /// The changed arguments of `allowEdited`.
        public var arguments: JSONValue?

        public init(
            sessionId: String, approvalId: String, decision: ApprovalDecision, feedback: String? = nil,
            arguments: JSONValue? = nil
        ) {
            self.sessionId = sessionId
            self.approvalId = approvalId
            self.decision = decision
            self.feedback = feedback
            self.arguments = arguments
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// False when the approval had already been answered, timed out or been withdrawn.
        public var accepted: Bool
        /// How the approval ended.
        public var resolution: ApprovalResolution

        public init(accepted: Bool, resolution: ApprovalResolution) {
            self.accepted = accepted
            self.resolution = resolution
        }
    }
}
