import AgentProtocol

extension EventPrinter {
    mutating func show(_ event: PublicationUpdated) {
        let name = event.number.map { "#\($0)" } ?? event.branch
        let failed = event.jobs.filter { $0.state == .failed }.map(\.name)
        switch event.ci {
        case .none: line("· \(name): no CI yet", .dim)
        case .running:
            let done = event.jobs.count { $0.state != .running && $0.state != .waiting }
            line("· \(name): CI runs (\(done) of \(event.jobs.count) jobs done)", .dim)
        case .passed: line("✓ \(name): CI passed", .green)
        case .failed: line("✗ \(name): CI failed: \(failed.joined(separator: ", "))", .red)
        }
        if let change = event.change, change != .open { line("· \(name) is \(change.rawValue)", .cyan) }
        if let reason = event.reason { line("· \(name) is no longer watched: \(reason)", .dim) }
    }

    mutating func show(_ event: CommentReceived) {
        let place = event.path.map { " on \($0)\(event.line.map { ":\($0)" } ?? "")" } ?? ""
        let use = event.prompted ? "" : " (not a prompt)"
        let text = event.body.split(separator: "\n").first.map(String.init) ?? ""
        line("? \(event.author)\(place)\(use): \(text)", .cyan)
    }
}
