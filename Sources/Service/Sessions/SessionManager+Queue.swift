import AgentProtocol
import Store

extension SessionManager {
    /// Milliseconds since 1970, and later than of every session before: sessions are taken up in this order.
    func creationTime() -> Int {
        lastCreation = max(lastCreation + 1, currentMilliseconds())
        return lastCreation
    }

    /// Sessions that a former service left take their places again: beside those that have a sandbox, or in the queue.
    func takePlaces(_ records: [SessionRecord]) async {
        for record in records where record.state != .queued {
            await queue.occupy(record.sessionId, user: record.user ?? "")
        }
        for record in records {
            lastCreation = max(lastCreation, record.createdAt)
            if record.state == .queued { await queue.announce(record.sessionId, user: record.user ?? "") }
        }
    }
}
