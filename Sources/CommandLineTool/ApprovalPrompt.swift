import AgentProtocol
import Synchronization

/// Asks on the terminal, one question at a time, each below the event that announces it.
enum ApprovalPrompt {
    private struct State {
        /// Approvals whose event is on the screen.
        var announced: Set<String> = []
        var isAsking = false
        /// The cursor stands behind a question.
        var isOpen = false
    }

    private static let state = Mutex(State())
    private static let pause = Duration.milliseconds(20)
    /// Then it is asked without its event, which may lie before what is shown.
    private static let mostPauses = 50

    static func ask(_ approval: ApprovalRequest) async throws -> AgentApproveAsk.Result {
        var pauses = 0
        while pauses < mostPauses, !state.withLock({ $0.announced.contains(approval.approvalId) }) {
            pauses += 1
            try await Task.sleep(for: pause)
        }
        while !beginAsking() { try await Task.sleep(for: pause) }
        defer { state.withLock { $0.isAsking = false } }
        show(approval, title: pauses == mostPauses)
        while true {
            Terminal.out(Terminal.styled("Allow? [y]es once, [s]ession, [n]o, or say what to do instead: ", .bold))
            state.withLock { $0.isOpen = true }
            guard let line = try await InputLines.shared.next() else {
                // No more input: leave it to other clients, or to time.
                try await Task.sleep(for: .seconds(86_400))
                throw CancellationError()
            }
            state.withLock { $0.isOpen = false }
            switch line.lowercased() {
            case "": continue
            case "y", "yes": return AgentApproveAsk.Result(decision: .allowOnce)
            case "s", "session": return AgentApproveAsk.Result(decision: .allowSession)
            case "n", "no": return AgentApproveAsk.Result(decision: .reject)
            default: return AgentApproveAsk.Result(decision: .reject, feedback: line)
            }
        }
    }

    private static func beginAsking() -> Bool {
        state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
    }

    /// The event of this approval is on the screen.
    static func wasAnnounced(_ approvalId: String) { state.withLock { _ = $0.announced.insert(approvalId) } }

    /// Whether the cursor stands behind a question; whoever asks this goes to the next line.
    static func leavesLine() -> Bool {
        state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
    }

    static func show(_ approval: ApprovalRequest, title: Bool = true) {
        if title {
            Terminal.line("")
            Terminal.line(Terminal.styled("Approval needed: \(Terminal.harmless(approval.title))", .yellow))
        }
        Terminal.line("  \(Terminal.harmless(approval.reason))")
        if let command = approval.command { Terminal.line("  $ \(Terminal.harmless(command))") }
        if let diff = approval.diff { Terminal.line(Terminal.harmless(diff)) }
    }
}
