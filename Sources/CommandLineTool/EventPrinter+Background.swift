import AgentProtocol

extension CommandResult {
    /// How the command ended, in a few words.
    var words: String { ([ending] + losses).joined(separator: "; ") }

    private var ending: String {
        switch status {
        case .exited: "exit code \(exitCode ?? -1)"
        case .signalled: "killed by signal \(signal ?? 0)"
        case .timedOut: "timed out"
        case .killed: message.map { "killed: \($0)" } ?? "killed"
        case .couldNotStart: "could not start: \(message ?? "no reason given")"
        case .outOfMemory: "out of memory"
        case .lost: "lost: \(message ?? "no reason given")"
        }
    }
}
