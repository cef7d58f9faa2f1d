import Agent
import AgentProtocol
import Store

/// A session in memory, with what the store keeps of it.
struct LiveSession: Sendable {
    var session: AgentSession
    var log: EventLog
    var record: SessionRecord
    /// When its last turn ended; nil while one runs.
    var idleSince: ContinuousClock.Instant?
    /// Where its model traffic is recorded.
    var recording: RecordingFile?
}
