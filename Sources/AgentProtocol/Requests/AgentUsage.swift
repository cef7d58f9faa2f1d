import JSONRPC

/// `agent/usage`: tokens and money of all sessions, those that were removed included.
public enum AgentUsage: RequestType {
    public static let method = "agent/usage"

    public struct Params: Codable, Sendable, Equatable {
        /// What is summed by; absent: everything in one row.
        public var by: [UsageGroup]?
        /// First day (UTC), `YYYY-MM-DD`.
        public var since: String?
        /// Last day.
        public var until: String?
        /// Only of this user.
        public var user: String?

        public init(by: [UsageGroup]? = nil, since: String? = nil, until: String? = nil, user: String? = nil) {
            self.by = by
            self.since = since
            self.until = until
            self.user = user
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// The most expensive first, then those with the most tokens; by day where that is asked for.
        public var rows: [UsageRow]
        /// There were more rows than an answer takes.
        public var truncated: Bool?

        public init(rows: [UsageRow], truncated: Bool? = nil) {
            self.rows = rows
            self.truncated = truncated
        }
    }
}
