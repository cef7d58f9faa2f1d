/// One job of CI: a check run, a job of a workflow or pipeline, or a status that some service set.
public struct PipelineJob: Sendable, Hashable {
    public enum State: String, Sendable, Hashable {
        case waiting
        case running
        case passed
        case failed
        /// Cancelled by someone; nobody's failure.
        case cancelled
        /// Skipped, neutral, or failed where failing is allowed.
        case skipped
    }

    /// What the id names, which differs in where a log is.
    public enum Source: String, Sendable, Hashable {
        /// A job whose log the forge keeps.
        case job
        /// A check run of a GitHub App; what it says is in ``PipelineJob/summary``.
        case checkRun
        /// A status set through the forge's interface; its log is elsewhere.
        case commitStatus
    }

    /// The forge's own id, unique with ``source`` within the repository.
    public var id: String
    public var source: Source
    public var name: String
    public var state: State
    /// The job's page for people. Only `https` and `http` addresses.
    public var url: String?
    /// What the job says of itself, capped: a check run's output, a status's description, a job's reason of failure.
    public var summary: String?

    public init(id: String, source: Source, name: String, state: State, url: String? = nil, summary: String? = nil) {
        self.id = id
        self.source = source
        self.name = name
        self.state = state
        self.url = url
        self.summary = summary
    }
}

/// A job's log, or both ends of it.
public struct JobLog: Sendable, Hashable {
    /// The log; of a long one its head, a line that says how much is left out, and its tail.
    public var bytes: [UInt8]
    /// Bytes that were left out of the middle.
    public var omitted: Int

    public init(bytes: [UInt8], omitted: Int = 0) {
        self.bytes = bytes
        self.omitted = omitted
    }
}
