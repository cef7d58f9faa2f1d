import JSONRPC

/// `git/wanted`: what the user's repository lacks of a session's commits.
public enum GitWanted: RequestType {
    public static let method = "git/wanted"

    /// Names in one answer: as many as the service packs at once.
    public static let maximumMissing = 5000

    public struct Params: Codable, Sendable, Equatable {
        /// The folder whose repository it is; one without git has a private repository.
        public var folder: String
        /// Where the folder lies in the commits' trees; empty: at their root.
        public var prefix: String
        /// Each after the one that it follows.
        public var commits: [String]
        /// What references beneath `refs/cofferdam/` or `refs/cofferdam-steps/` are to point at, by full name.
        public var references: [String: String]

        public init(folder: String, prefix: String, commits: [String], references: [String: String]) {
            self.folder = folder
            self.prefix = prefix
            self.commits = commits
            self.references = references
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// The references are there: nothing is to be done.
        public var isCurrent: Bool
        /// The first that are missing; empty: the commits are complete.
        public var missing: [String]

        public init(isCurrent: Bool, missing: [String]) {
            self.isCurrent = isCurrent
            self.missing = missing
        }
    }
}
