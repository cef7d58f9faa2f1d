/// Lets sessions have a sandbox, so many at a time.
public protocol SessionAdmission: Sendable {
    /// Returns when the session may have a sandbox, at once if there is room or it has been let in before.
    ///
    /// - Parameter position: told its place in the queue, from 1, whenever that has changed.
    /// - Throws: `CancellationError` when the caller is cancelled while it waits; it has left the queue then.
    func admit(_ sessionId: String, position: @escaping @Sendable (Int) async -> Void) async throws
}
