import JSON
import Synchronization

/// One JSON-RPC 2.0 peer: sends requests and notifications, and answers those of the other side.
///
/// Order: messages are read one by one. Replies and cancellations take effect at once; requests and notifications go
/// through a queue and are dispatched strictly in the order of their arrival (see `HandlingOrder`). What one task
/// sends is on the wire in the order of its calls, a handler's reply last.
///
/// A handler that never returns holds up what comes after it only if it is serial or a notification's. Should more
/// than `ConnectionLimits.maxQueuedMessages` notifications pile up behind such a handler, reading pauses, and with it
/// the replies that the handler may be waiting for.
public final class Connection: Sendable {
    let transport: any MessageTransport
    let router: Router
    let limits: ConnectionLimits
    let observer: @Sendable (ConnectionEvent) -> Void
    let state = Mutex(ConnectionState())
    let queue: WorkQueue
    let activity = ActivityCount()

    /// - Parameter observer: told about what goes wrong without ending the connection. Called from any thread.
    public init(
        transport: any MessageTransport,
        router: Router,
        limits: ConnectionLimits = .default,
        observer: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
    ) {
        self.transport = transport
        self.router = router
        self.limits = limits
        self.observer = observer
        queue = WorkQueue(maxCount: limits.maxQueuedMessages, maxBytes: limits.maxQueuedBytes)
    }

    /// Serves the peer until the transport ends, `close` is called or the task is cancelled. Then outgoing requests
    /// fail, running handlers are cancelled, messages still queued are dispatched (their handlers being cancelled at
    /// the end of the queue), and the transport is closed. Returns when all handlers have, at the latest after
    /// `ConnectionLimits.endGrace`. A second call returns at once.
    public func run() async {
        let isFirst = state.withLock { state in
            defer { state.hasRun = true }
            return !state.hasRun
        }
        guard isFirst else { return }

        activity.begin()
        let dispatcher = Task {
            await dispatchQueue()
            // Requests that were dispatched after the end of input.
            cancelIncomingRequests()
            activity.end()
        }
        await readMessages()
        failOutgoingRequests()
        // Those still queued get their turn: a script may write all its messages and close its end at once.
        for request in state.withLock({ $0.incomingRequests }) { request.cancelIfStarted() }
        queue.finish()
        await activity.waitUntilIdle(atMost: limits.endGrace)
        dispatcher.cancel()
        cancelIncomingRequests()
        await transport.close()
    }

    /// Ends the connection. `run` then winds up as at the end of input.
    public func close() async {
        failOutgoingRequests()
        await transport.close()
    }

    private func failOutgoingRequests() {
        for call in state.withLock({ $0.end() }) { call.complete(.failure(ConnectionError.closed)) }
    }

    private func cancelIncomingRequests() {
        for request in state.withLock({ $0.incomingRequests }) { request.cancel() }
    }
}
