import AgentProtocol

extension TranscriptRenderer {
    mutating func publicationUpdated(_ event: PublicationUpdated) -> String {
        var text = note(Wording.publication(event) + ".")
        for job in event.jobs.filter({ $0.state == .failed }).prefix(Self.mostItems) {
            let page = job.url.map { ": \(DisplayText.exact($0, limit: 500))" } ?? ""
            text += note("Failed: \(DisplayText.exact(job.name, limit: 100))\(page)")
        }
        if let reason = event.reason { text += note("No longer watched: \(DisplayText.exact(reason, limit: 500)).") }
        return text
    }

    mutating func commentReceived(_ event: CommentReceived) -> String {
        let place = event.path.map { " on \(MarkdownText.code($0))\(event.line.map { ":\($0)" } ?? "")" } ?? ""
        let use = event.prompted ? "" : " (not a prompt)"
        return section("### Comment of \(DisplayText.exact(event.author, limit: 80))\(place)\(use)")
            + MarkdownText.prefixed(event.body, with: "> ")
    }
}

extension Wording {
    static func publication(_ event: PublicationUpdated) -> String {
        let name = event.number.map { "#\($0)" } ?? DisplayText.exact(event.branch, limit: 80)
        if let change = event.change, change != .open { return "\(name) is \(change.rawValue)" }
        return switch event.ci {
        case .none: "\(name) waits for CI"
        case .running: "\(name): CI runs"
        case .passed: "\(name): CI passed"
        case .failed: "\(name): CI failed"
        }
    }
}
