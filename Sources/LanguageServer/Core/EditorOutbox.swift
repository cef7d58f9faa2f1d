import JSONRPC

/// Notifications to the editor, in the order in which the core decided on them.
///
/// Calls on the connection from an actor may overtake each other on their way to it; a report after the end of its
/// progress would be the result. So everything goes through one queue with one sender.
final class EditorOutbox: Sendable {
    private struct Item: Sendable {
        var send: @Sendable (Connection) async -> Void
        var done: CheckedContinuation<Void, Never>?
    }

    private let stream: AsyncStream<Item>
    private let continuation: AsyncStream<Item>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Item.self)
    }

    /// Sends until `finish`. What the editor does not take any more is dropped.
    func run(_ connection: Connection) async {
        for await item in stream {
            await item.send(connection)
            item.done?.resume()
        }
    }

    /// Queues a notification and waits until it is on its way: whoever produces them waits for a slow editor.
    func send<N: NotificationType & SendableMetatype>(
        _ type: N.Type, _ params: N.Params, isolation: isolated (any Actor)? = #isolation
    ) async {
        await withCheckedContinuation { done in
            let item = Item(send: { try? await $0.notify(type, params) }, done: done)
            if case .terminated = continuation.yield(item) { done.resume() }
        }
    }

    /// What is queued is still sent.
    func finish() { continuation.finish() }
}
