/// Bounds on what a forge can make us do.
public struct ForgeLimits: Sendable, Hashable {
    /// Longest answer that is read as JSON. A page of a hundred pull requests with long texts is about 2 MiB.
    public var maximumAnswerBytes = 8 << 20
    /// What is kept of a job's log, half of it from either end: errors are at the end, what was set up at the beginning.
    public var maximumLogBytes = 512 << 10
    /// Where reading a log is given up: forges keep logs of some hundred MiB, and the end of one is what counts.
    public var maximumLogDownload = 256 << 20
    /// Pages of a list that are read; a hundred entries each.
    public var maximumPages = 10
    /// Jobs of one commit.
    public var maximumJobs = 500
    /// Comments of one change.
    public var maximumComments = 500
    /// Longest text that is taken from an answer: a comment's body, a check's summary.
    public var maximumTextBytes = 64 << 10
    /// Longest message of an error.
    public var maximumMessageCharacters = 600
    /// Wait for a connection.
    public var connectTimeout: Duration = .seconds(10)
    /// Longest time in which nothing arrives.
    public var idleTimeout: Duration = .seconds(30)
    /// Longest time for a whole request, a log's excepted by a factor of ten.
    public var requestTimeout: Duration = .seconds(60)
    /// Attempts in all for what may be repeated.
    public var maximumAttempts = 4
    /// Wait before the second attempt; it doubles with each further one.
    public var initialDelay: Duration = .seconds(1)
    /// Longest wait that a forge may ask for within one call; for a longer one the call fails and says how long it is.
    public var maximumRetryAfter: Duration = .seconds(60)

    public init() {}
}
