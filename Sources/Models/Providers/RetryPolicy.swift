/// How often and how fast a failed request is sent again.
public struct RetryPolicy: Sendable, Equatable {
    /// Attempts in all, the first included. Beyond four a client makes an outage worse.
    public var maximumAttempts = 4
    /// Attempts in all when the endpoint stalls: each costs a whole idle timeout.
    public var maximumStalledAttempts = 2
    /// Attempts in all when the answer cannot be read. It may have been garbled on the way; more likely the endpoint is
    /// not what the settings say.
    public var maximumMalformedAttempts = 2
    /// Wait before the second attempt; it doubles with each further one.
    public var initialDelay: Duration = .milliseconds(500)
    /// Longest wait that this policy chooses by itself.
    public var maximumDelay: Duration = .seconds(30)
    /// Longest wait that an endpoint may ask for. A longer one fails at once and tells the user how long it is.
    public var maximumRetryAfter: Duration = .seconds(120)

    public init() {}

    /// The wait before the attempt that follows attempt number `attempt`, or nil to give up.
    /// - Parameter jitter: between 0 and 1; spreads clients that failed at the same moment over half the wait.
    func delay(afterAttempt attempt: Int, failing error: ModelError, jitter: Double) -> Duration? {
        let allowed =
            switch error {
            case .stalled: min(maximumAttempts, maximumStalledAttempts)
            case .malformedResponse: min(maximumAttempts, maximumMalformedAttempts)
            default: error.isTransient ? maximumAttempts : 1
            }
        guard attempt < allowed else { return nil }
        if let asked = error.retryAfter {
            return asked <= maximumRetryAfter ? max(asked, .zero) : nil
        }
        let factor = Double(1 << min(attempt - 1, 20))
        let backoff = min(initialDelay * factor, maximumDelay)
        return backoff * (0.5 + 0.5 * jitter)
    }
}
