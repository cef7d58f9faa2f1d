/// What CI says of a commit.
public struct PipelineStatus: Sendable, Hashable {
    /// What CI comes to, all jobs together.
    public enum State: String, Sendable, Hashable {
        /// There is no job. CI may not have begun yet, or there may be none.
        case none
        /// At least one job is not at its end, and none has failed.
        case running
        case passed
        /// At least one job failed. Others may still run.
        case failed
    }

    public var commit: String
    public var jobs: [PipelineJob]
    /// There were more jobs than ``ForgeLimits/maximumJobs``.
    public var isTruncated: Bool

    public init(commit: String, jobs: [PipelineJob], isTruncated: Bool = false) {
        self.commit = commit
        self.jobs = jobs
        self.isTruncated = isTruncated
    }

    public var state: State {
        if jobs.isEmpty { return .none }
        if jobs.contains(where: { $0.state == .failed }) { return .failed }
        return isFinished ? .passed : .running
    }

    /// No job waits or runs.
    public var isFinished: Bool { jobs.allSatisfy { $0.state != .running && $0.state != .waiting } }
    public var failedJobs: [PipelineJob] { jobs.filter { $0.state == .failed } }
}
