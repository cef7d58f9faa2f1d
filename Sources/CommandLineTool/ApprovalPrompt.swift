import AgentProtocol

/// Asks on the terminal.
enum ApprovalPrompt {
    static func ask(_ approval: ApprovalRequest) async throws -> AgentApproveAsk.Result {
        show(approval)
        while true {
            Terminal.out(Terminal.styled("Allow? [y]es once, [s]ession, [n]o, or say what to do instead: ", .bold))
            guard let line = await InputLines.shared.next() else {
                // No more input: leave it to other clients, or to time.
                try await Task.sleep(for: .seconds(86_400))
                throw CancellationError()
            }
            try Task.checkCancellation()
            switch line.lowercased() {
            case "": continue
            case "y", "yes": return AgentApproveAsk.Result(decision: .allowOnce)
            case "s", "session": return AgentApproveAsk.Result(decision: .allowSession)
            case "n", "no": return AgentApproveAsk.Result(decision: .reject)
            default: return AgentApproveAsk.Result(decision: .reject, feedback: line)
            }
        }
    }

    static func show(_ approval: ApprovalRequest) {
        Terminal.line("")
        Terminal.line(Terminal.styled("Approval needed: \(Terminal.harmless(approval.title))", .yellow))
        Terminal.line("  \(Terminal.harmless(approval.reason))")
        if let command = approval.command { Terminal.line("  $ \(Terminal.harmless(command))") }
        if let diff = approval.diff { Terminal.line(Terminal.harmless(diff)) }
    }
}
