import AgentProtocol

/// What happened, in words for the user. Denied, could not start, timed out, killed, out of memory and exited are
/// different cases.
enum Wording {
    static func queued(_ event: SessionQueued) -> String { "waiting: position \(event.position)" }

    static func result(_ result: CommandResult) -> String {
        ([ending(result)] + result.losses.map { DisplayText.exact($0, limit: 500) }).joined(separator: "; ")
    }

    private static func ending(_ result: CommandResult) -> String {
        let time = duration(milliseconds: result.durationMilliseconds)
        let message = result.message.map { ": \(DisplayText.exact($0, limit: 500))" } ?? ""
        switch result.status {
        case .exited: return "exited with \(result.exitCode.map(String.init) ?? "an unknown code") after \(time)"
        case .signalled: return "ended by signal \(result.signal.map(String.init) ?? "unknown") after \(time)"
        case .timedOut: return "timed out after \(time)"
        case .killed: return "killed after \(time)"
        case .couldNotStart: return "could not start\(message)"
        case .outOfMemory: return "out of memory after \(time)"
        case .lost: return "lost\(message)"
        }
    }

    /// To go on a sentence about a check with; empty when it ran no tests.
    static func tests(_ counts: TestCounts?) -> String {
        guard let counts else { return "" }
        return "; tests: \(counts.passed) passed, \(counts.failed) failed, \(counts.skipped) skipped"
    }

    /// `tests/test_a.py:12: the test test_one is gone`
    static func finding(_ finding: GateFinding) -> String {
        let line = finding.line.map { ":\($0)" } ?? ""
        let place = finding.path.map { "\(DisplayText.exact($0, limit: 300))\(line): " } ?? ""
        return place + DisplayText.cleaned(finding.message)
    }

    static func outcome(_ outcome: TurnOutcome) -> String {
        switch outcome {
        case .verified: "verified"
        case .unverified: "unverified"
        case .answered: "answered"
        case .cancelled: "cancelled"
        case .limit: "stopped at a limit"
        case .failed: "failed"
        }
    }

    static func resolution(_ resolution: ApprovalResolution) -> String {
        let by = resolution.answeredBy.map { " by \(DisplayText.exact($0, limit: 80))" } ?? ""
        switch resolution.cause {
        case .timedOut: return "No answer in time: denied"
        case .withdrawn: return "Withdrawn: the turn ended"
        case .answered:
            switch resolution.decision {
            case .allowOnce: return "Approved once\(by)"
            case .allowSession: return "Approved for the session\(by)"
            case .allowEdited: return "Approved with changes\(by)"
            case .reject: return "Rejected\(by)"
            case nil: return "Answered\(by)"
            }
        }
    }

    /// The exact action that an approval is about, for one line.
    static func action(_ approval: ApprovalRequest) -> String {
        approval.command ?? approval.title
    }

    static func files(_ paths: [String]) -> String {
        let shown = paths.prefix(3).map { DisplayText.exact($0, limit: 80) }.joined(separator: ", ")
        let more = paths.count > 3 ? " and \(paths.count - 3) more" : ""
        return "\(paths.count) \(paths.count == 1 ? "file" : "files"): \(shown)\(more)"
    }

    static func duration(milliseconds: Int) -> String {
        guard milliseconds >= 1000 else { return "\(max(0, milliseconds)) ms" }
        return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// `12:34:56`, UTC.
    static func time(millisecondsSince1970 time: Int) -> String {
        let seconds = max(0, time) / 1000 % 86_400
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60]
        return parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
