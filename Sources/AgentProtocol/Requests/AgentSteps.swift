import JSONRPC

/// `agent/steps`: the commits of a session, and the references that keep them.
public enum AgentSteps: RequestType {
    public static let method = "agent/steps"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String

        public init(sessionId: String) { self.sessionId = sessionId }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// What the user's branch pointed at when the session began; its objects are the user's. Absent without a commit.
        public var head: String?
        /// The commit that the first step stands on: `head`, or one of the working tree as it was.
        public var base: String
        /// What `refs/cofferdam/<session>` stands for now.
        public var tip: String
        /// Where the workspace folder lies in the commits' trees; empty: at their root.
        public var prefix: String
        /// Commits in the order in which they were made, beginning with that of the working tree where there is one.
        public var commits: [StepCommit]
        /// What a repository must name so that none of them is lost.
        public var references: [StepReference]

        public init(
            head: String? = nil, base: String, tip: String, prefix: String, commits: [StepCommit],
            references: [StepReference]
        ) {
            self.head = head
            self.base = base
            self.tip = tip
            self.prefix = prefix
            self.commits = commits
            self.references = references
        }
    }
}
