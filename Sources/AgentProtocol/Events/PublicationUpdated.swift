/// `publicationUpdated`: what the forge says of the session's branch has changed, or nobody looks any more.
public struct PublicationUpdated: Codable, Sendable, Equatable {
    /// State of a pull or merge request.
    public enum Change: String, Codable, Sendable, CaseIterable {
        /// It waits.
        case open
        /// It is part of the target branch.
        case merged
        /// Closed without a merge.
        case closed
    }

    /// What CI comes to, all its jobs together.
    public enum CI: String, Codable, Sendable, CaseIterable {
        /// There is no job (yet).
        case none
        /// At least one job is not at its end, none has failed.
        case running
        /// All jobs ended well.
        case passed
        /// At least one job failed.
        case failed
    }

    /// One job of CI.
    public struct Job: Codable, Sendable, Equatable {
        /// Where a job of CI is.
        public enum State: String, Codable, Sendable, CaseIterable {
            /// It has not begun.
            case waiting
            /// It runs.
            case running
            /// It ended well.
            case passed
            /// It failed.
            case failed
            /// Someone ended it.
            case cancelled
            /// Skipped, or failed where that is allowed.
            case skipped
        }

        /// As the forge has it.
        public var name: String
        public var state: State
        /// Its page on the forge.
        public var url: String?

        public init(name: String, state: State, url: String? = nil) {
            self.name = name
            self.state = state
            self.url = url
        }
    }

    /// Name without `refs/heads/`.
    public var branch: String
    /// The commit that was pushed.
    public var commit: String
    /// Number of the pull or merge request; absent where there is a branch alone.
    public var number: Int?
    /// Its page on the forge.
    public var url: String?
    /// Absent where there is none, or before the first look.
    public var change: Change?
    public var ci: CI
    /// At most 100.
    public var jobs: [Job]
    /// Repairs of CI's failures so far.
    public var round: Int
    /// The most there may be.
    public var rounds: Int
    /// False in the last one: nobody looks any more.
    public var watching: Bool
    /// Why nobody looks any more.
    public var reason: String?

    public init(
        branch: String, commit: String, number: Int? = nil, url: String? = nil, change: Change? = nil, ci: CI,
        jobs: [Job], round: Int, rounds: Int, watching: Bool, reason: String? = nil
    ) {
        self.branch = branch
        self.commit = commit
        self.number = number
        self.url = url
        self.change = change
        self.ci = ci
        self.jobs = jobs
        self.round = round
        self.rounds = rounds
        self.watching = watching
        self.reason = reason
    }
}
