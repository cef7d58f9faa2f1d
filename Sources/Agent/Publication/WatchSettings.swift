import Forges

/// What happens after a push. A session keeps the settings that it was published with.
public struct WatchSettings: Codable, Sendable, Equatable {
    /// Whose comments become prompts.
    public struct Comments: Codable, Sendable, Equatable {
        /// What the forge must say of an author's rights.
        public var from: [String]
        /// User names whose comments count whatever the forge says of them.
        public var authors: [String]
        /// Prompts that comments may make, several comments each.
        public var rounds: Int

        public init(from: [String] = ["owner", "member", "collaborator"], authors: [String] = [], rounds: Int = 5) {
            self.from = from
            self.authors = authors
            self.rounds = rounds
        }

        func allows(_ comment: ReviewComment) -> Bool {
            if authors.contains(where: { $0.lowercased() == comment.author.lowercased() }) { return true }
            return !comment.isBot && from.contains(comment.association.rawValue)
        }
    }

    /// Times that failures of CI become a prompt. None unless the service's file says so: each spends tokens and pushes
    /// to a branch that others see.
    public var repairRounds: Int
    /// Nil: comments become events, never prompts.
    public var comments: Comments?
    /// Seconds between two looks while CI runs; they become longer while nothing changes.
    public var intervalSeconds: Double
    /// Longest time between two looks.
    public var maximumIntervalSeconds: Double
    /// The watch ends after this time, whatever happens.
    public var timeoutSeconds: Double
    /// Where no job shows within this time, there is no CI.
    public var appearanceSeconds: Double

    public init(
        repairRounds: Int = 0, comments: Comments? = nil, intervalSeconds: Double = 15,
        maximumIntervalSeconds: Double = 300, timeoutSeconds: Double = 86_400, appearanceSeconds: Double = 600
    ) {
        self.repairRounds = repairRounds
        self.comments = comments
        self.intervalSeconds = intervalSeconds
        self.maximumIntervalSeconds = maximumIntervalSeconds
        self.timeoutSeconds = timeoutSeconds
        self.appearanceSeconds = appearanceSeconds
    }
}
