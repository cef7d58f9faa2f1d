/// Sends a failed request again, as a policy says, and tells the consumer so with ``ModelEvent/retrying(reason:delay:)``.
///
/// An attempt that breaks off after it has yielded something is repeated as well: the event then says that what was
/// yielded is void. So nothing counts twice for a consumer that heeds it, and a tool call is never run twice for one
/// that runs tools after `completed`.
public struct RetryingProvider: ModelProvider {
    private let base: any ModelProvider
    private let policy: RetryPolicy
    private let sleep: @Sendable (Duration) async throws -> Void
    private let jitter: @Sendable () -> Double

    /// - Parameters:
    ///   - clock: what waits pass on; tests inject their own.
    ///   - jitter: a fresh number between 0 and 1 for each wait.
    public init(
        _ base: any ModelProvider,
        policy: RetryPolicy = RetryPolicy(),
        clock: some Clock<Duration> = ContinuousClock(),
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }
    ) {
        self.base = base
        self.policy = policy
        self.jitter = jitter
        sleep = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
    }

    public var identifier: String { base.identifier }

    public func probe() async throws -> String { try await base.probe() }

    /// The same provider under another policy.
    func following(_ policy: RetryPolicy) -> RetryingProvider {
        RetryingProvider(base, policy: policy, sleep: sleep, jitter: jitter)
    }

    /// The provider without further attempts.
    var once: any ModelProvider { base }

    private init(
        _ base: any ModelProvider, policy: RetryPolicy, sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.base = base
        self.policy = policy
        self.sleep = sleep
        self.jitter = jitter
    }

    public func shutdown() async {
        await base.shutdown()
    }

    public func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run(request, into: continuation)
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func run(
        _ request: ModelRequest, into continuation: AsyncThrowingStream<ModelEvent, any Error>.Continuation
    ) async throws {
        var attempt = 1
        while true {
            do {
                for try await event in base.stream(request) { continuation.yield(event) }
                // A cancelled task sees the stream end early, without an error.
                return try Task.checkCancellation()
            } catch let error as ModelError {
                guard let delay = policy.delay(afterAttempt: attempt, failing: error, jitter: jitter()) else {
                    throw error
                }
                continuation.yield(.retrying(reason: error.description, delay: delay))
                try await sleep(delay)
                attempt += 1
            }
        }
    }
}
