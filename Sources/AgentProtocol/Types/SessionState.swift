/// Where a session is in its life.
public enum SessionState: String, Codable, Sendable, CaseIterable {
    /// It waits until the service may run one more sandbox; see `sessionQueued`.
    case queued
    /// The snapshot is taken and the sandbox boots.
    case starting
    case running
    /// A turn waits for the user's approval.
    case waiting
    /// The turn has ended; prompts are welcome.
    case idle
    /// Ended by `agent/stop`, or idle too long.
    case stopped
    /// Ended by a fault; the reason is in the last `sessionStatus` event.
    case failed

    /// Whether the session still has, or will have, a sandbox.
    public var isLive: Bool {
        switch self {
        case .queued, .starting, .running, .waiting, .idle: true
        case .stopped, .failed: false
        }
    }
}
