import AgentProtocol

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Checks, what they found and what they prove, in words.
enum CheckWords {
    /// Characters of a git object name that tell trees apart.
    private static let shortHash = 8

    /// The whole evidence in one line: name, command, exit record, counts, when, and on which tree.
    static func evidence(_ evidence: CheckEvidence) -> String {
        var parts = [named(evidence.name, evidence.command), evidence.result.words]
        parts += [duration(evidence.result.durationMilliseconds)] + counts(evidence)
        if let began = evidence.startedAt { parts.append(clock(began)) }
        parts.append("tree \(evidence.treeHash.prefix(shortHash))")
        if let tree = evidence.ranOn { parts.append("ran on \(tree.prefix(shortHash)), with the same files") }
        if !evidence.required { parts.append("not required") }
        if evidence.origin == .organisation { parts.append("the organisation's") }
        if evidence.fromCache == true { parts.append("not run: known from an earlier session") }
        return parts.joined(separator: " · ")
    }

    /// The end of a check, below its output: how it ended only where that is news.
    static func ended(_ evidence: CheckEvidence) -> String {
        var parts = ["check \(evidence.name) \(evidence.passed ? "passed" : "failed")"]
        if !(evidence.passed && evidence.result.succeeded) { parts.append(evidence.result.words) }
        parts += [duration(evidence.result.durationMilliseconds)] + counts(evidence)
        return parts.joined(separator: " · ")
    }

    /// How a check's diagnostics stand against the untouched tree.
    static func delta(_ event: DiagnosticsUpdated) -> String {
        "\(event.check): \(event.new) new, \(event.fixed) fixed, \(event.remaining) remaining"
    }

    /// `tests/test_a.py:12: the test test_one is gone [test-deleted]`
    static func finding(_ finding: GateFinding) -> String {
        let place = (finding.path ?? "") + (finding.line.map { ":\($0)" } ?? "")
        return "\(place.isEmpty ? "" : "\(place): ")\(finding.message) [\(finding.rule)]"
    }

    static func named(_ check: String, _ command: [String]) -> String {
        let command = EnvironmentWords.words(command)
        return command == check ? check : "\(check): \(command)"
    }

    private static func counts(_ evidence: CheckEvidence) -> [String] {
        var counts: [String] = []
        if let tests = evidence.tests {
            counts.append("\(tests.passed) passed, \(tests.failed) failed, \(tests.skipped) skipped")
        }
        for (count, noun) in [(evidence.errors, "error"), (evidence.warnings, "warning")] where count > 0 {
            counts.append("\(count) \(noun)\(count == 1 ? "" : "s")")
        }
        return counts
    }

    private static func duration(_ milliseconds: Int) -> String {
        milliseconds < 1000 ? "\(max(0, milliseconds)) ms" : "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// Hours, minutes and seconds as the user's clock showed them.
    private static func clock(_ millisecondsSince1970: Int) -> String {
        var seconds = time_t(millisecondsSince1970 / 1000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "?" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }
}
