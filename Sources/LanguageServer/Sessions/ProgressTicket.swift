/// The work-done progress of one turn: created, begun once, reported at most every 100 ms, ended exactly once.
///
/// Pure: it says what to send, the caller sends and keeps the time.
struct ProgressTicket: Sendable {
    enum Action: Sendable, Equatable {
        case begin(message: String)
        case report(message: String)
        case end(message: String)
        /// Call `paused` after the pause between reports.
        case startPause
    }

    /// Shorter is not seen, and Neovim keeps only the last 50 messages.
    static let pause = Duration.milliseconds(100)

    private enum State: Sendable { case creating, active, ended }

    let token: String
    private var state = State.creating
    private var message: String
    private var sentMessage = ""
    private var isPausing = false
    /// Set when the turn ended before the client had answered `create`.
    private var earlyEnd: String?

    init(token: String, message: String) {
        self.token = token
        self.message = message
    }

    /// The client has answered `create` with success. (After a refusal the ticket is thrown away: its token must
    /// not be used.)
    mutating func created() -> [Action] {
        guard state == .creating else { return [] }
        sentMessage = message
        if let earlyEnd {
            state = .ended
            return [.begin(message: message), .end(message: earlyEnd)]
        }
        state = .active
        isPausing = true
        return [.begin(message: message), .startPause]
    }

    mutating func update(_ message: String) -> [Action] {
        self.message = message
        return reportIfDue()
    }

    /// The pause is over.
    mutating func paused() -> [Action] {
        isPausing = false
        return reportIfDue()
    }

    mutating func finish(_ message: String) -> [Action] {
        switch state {
        case .creating:
            if earlyEnd == nil { earlyEnd = message }
            return []
        case .active:
            state = .ended
            return [.end(message: message)]
        case .ended: return []
        }
    }

    private mutating func reportIfDue() -> [Action] {
        guard state == .active, !isPausing, message != sentMessage else { return [] }
        sentMessage = message
        isPausing = true
        return [.report(message: message), .startPause]
    }
}
