import AgentProtocol

extension EventPrinter {
    /// The rest of them is in the session's log.
    private static let maximumDiagnostics = 20
    private static let maximumFindings = 50

    mutating func show(_ event: CheckCompleted) {
        let passed = event.evidence.passed
        line("\(passed ? "✓" : "✗") \(CheckWords.ended(event.evidence))", passed ? .green : .red)
    }

    /// The counts, and the diagnostics that the check's output did not show already.
    mutating func show(_ event: DiagnosticsUpdated, shown output: [String]) {
        if event.total > 0 || event.fixed > 0 {
            line("⚑ \(CheckWords.delta(event))", event.total == 0 ? .green : .yellow)
        }
        let unsaid = event.diagnostics.filter { diagnostic in
            let message = diagnostic.message.prefix { $0 != "\n" }
            return !output.contains { $0.contains(message) }
        }
        for diagnostic in unsaid.prefix(Self.maximumDiagnostics) {
            let place = diagnostic.path + (diagnostic.range.map { ":\($0.startLine):\($0.startColumn)" } ?? "")
            let text = "\(diagnostic.severity.rawValue): \(diagnostic.message)"
            line("  \(place.isEmpty ? "" : "\(place): ")\(text)", diagnostic.severity == .error ? .red : .yellow)
        }
        let more = unsaid.count - Self.maximumDiagnostics
        if more > 0 { line("  [… \(more) more …]", .dim) }
    }

    mutating func show(_ event: TurnCompleted) {
        let style: Terminal.Style =
            switch event.outcome {
            case .verified, .answered: .green
            case .unverified, .limit, .cancelled: .yellow
            case .failed: .red
            }
        let outcome = event.outcome.rawValue
        line("■ \(event.reason == outcome ? outcome : "\(outcome): \(event.reason)")", style)
        let findings = event.gateFindings ?? []
        if !findings.isEmpty { line("  Why this is not verified:", .yellow) }
        for finding in findings.prefix(Self.maximumFindings) { line("  ‼ \(CheckWords.finding(finding))", .yellow) }
        let more = findings.count - Self.maximumFindings
        if more > 0 { line("  [… \(more) more …]", .dim) }
        for evidence in event.evidence {
            let failed = evidence.required && !evidence.passed
            line("  \(evidence.passed ? "✓" : "✗") \(CheckWords.evidence(evidence))", failed ? .red : .dim)
        }
        if let tree = event.treeHash, !event.changedFiles.isEmpty {
            line("  \(Self.files(event.changedFiles.count)) changed, tree \(tree.prefix(12))", .dim)
        }
    }
}
