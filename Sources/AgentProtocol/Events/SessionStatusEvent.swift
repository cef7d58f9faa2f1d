/// `sessionStatus`: the session's state changed.
public struct SessionStatusEvent: Codable, Sendable, Equatable {
    public var state: SessionState
    /// Why, in words for the user; always there with `failed` and `stopped`.
    public var reason: String?

    public init(state: SessionState, reason: String? = nil) {
        self.state = state
        self.reason = reason
    }
}
