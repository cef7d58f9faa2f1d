import JSONRPC

/// `agent/approve`, service to client: asks a client that declared `approve` to ask its user. The reply is the decision.
///
/// The request is cancelled (`$/cancelRequest`) when another client answers first, time runs out or the turn ends.
public enum AgentApproveAsk: RequestType {
    public static let method = "agent/approve"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        public var approval: ApprovalRequest

        public init(sessionId: String, approval: ApprovalRequest) {
            self.sessionId = sessionId
            self.approval = approval
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var decision: ApprovalDecision
        public var feedback: String?
        public var arguments: JSONValue?

        public init(decision: ApprovalDecision, feedback: String? = nil, arguments: JSONValue? = nil) {
            self.decision = decision
            self.feedback = feedback
            self.arguments = arguments
        }
    }
}
