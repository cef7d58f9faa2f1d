import AgentProtocol

extension TranscriptRenderer {
    /// Characters of a command in a list.
    private static let commandLength = 300

    /// The whole evidence of a check: name, command, exit record, counts, when, and on which tree.
    static func evidence(_ evidence: CheckEvidence) -> String {
        let verdict = evidence.passed ? "passed" : evidence.required ? "failed" : "failed (not required)"
        let command = DisplayText.exact(evidence.command.joined(separator: " "), limit: commandLength)
        let began = evidence.startedAt.map { " at \(Wording.time(millisecondsSince1970: $0))" } ?? ""
        return "\(MarkdownText.code(evidence.name)): \(verdict), \(MarkdownText.code(command))\(began) "
            + "\(Wording.result(evidence.result))\(Wording.tests(evidence.tests)); \(evidence.errors) errors, "
            + "\(evidence.warnings) warnings; tree \(MarkdownText.code(evidence.treeHash))"
    }
}
