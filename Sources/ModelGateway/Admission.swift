import Synchronization

/// Lets requests in: so many at once, so many a minute.
final class Admission: Sendable {
    private struct State {
        var running = 0
        /// When the requests of the last minute began.
        var begun: [ContinuousClock.Instant] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let limits: ModelGatewayLimits

    init(_ limits: ModelGatewayLimits) { self.limits = limits }

    /// - Throws: when there is no room; who is let in calls ``leave()`` once.
    func enter(now: ContinuousClock.Instant = .now) throws(GatewayFailure) {
        let failure = state.withLock { state -> GatewayFailure? in
            if state.isClosed { return GatewayFailure(.forbidden, "the session is over") }
            state.begun.removeAll { now - $0 >= .seconds(60) }
            guard state.running < limits.concurrency else {
                return GatewayFailure(
                    .limited, "this session has \(limits.concurrency) requests under way already", retryAfter: 1)
            }
            if state.begun.count >= limits.requestsPerMinute, let first = state.begun.first {
                let wait = Int((.seconds(60) - (now - first)).components.seconds) + 1
                return GatewayFailure(
                    .limited, "this session may make \(limits.requestsPerMinute) requests a minute", retryAfter: wait)
            }
            state.running += 1
            state.begun.append(now)
            return nil
        }
        if let failure { throw failure }
    }

    func leave() { state.withLock { $0.running -= 1 } }

    func close() { state.withLock { $0.isClosed = true } }
}
