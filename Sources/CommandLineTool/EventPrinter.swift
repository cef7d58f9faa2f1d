import AgentProtocol
import JSON
import LanguageServer

/// Shows a session's events: live on a terminal, plain lines in a pipe, JSON lines on request.
struct EventPrinter {
    var json: Bool
    /// Whether the cursor stands behind streamed text.
    private var midLine = false
    /// Lines of each item's output that were shown; the rest is in the log.
    private var outputLines: [String: Int] = [:]
    /// Where each item's streams stand.
    private var openOutput: [String: [OutputStream: OpenOutput]] = [:]
    /// What the running check printed here: its diagnostics are not said twice.
    private var checkOutput: [String] = []

    /// A terminal that scrolls for minutes helps nobody.
    private static let maximumOutputLines = 200

    init(json: Bool) { self.json = json }

    mutating func show(_ progress: AgentProgress.Params) {
        if json {
            if let line = try? JSONCoder.encode(progress).text { Terminal.line(line) }
            return
        }
        switch progress.event {
        case .sessionStatus(let event):
            let reason = event.reason.map { ": \($0)" } ?? ""
            line("· \(event.state.rawValue)\(reason)", event.state == .failed ? .red : .dim)
        case .sessionQueued(let event):
            line("· waiting for other sessions to end: position \(event.position)", .yellow)
        case .turnStarted(let event):
            line("▶ \(event.model)", .dim)
            show(event.images)
        case .promptReceived(let event):
            line("» \(event.text)", .bold)
            show(event.images)
        case .messageDelta(let event) where Terminal.outputIsTerminal:
            Terminal.out(Terminal.harmless(event.text))
            midLine = !event.text.hasSuffix("\n")
        case .messageCompleted(let event):
            if Terminal.outputIsTerminal { endLine() } else { line(event.text, nil) }
        case .reasoningCompleted(let event): line("~ \(event.text)", .dim)
        case .modelRetried(let event): line("! \(event.reason); trying again", .yellow)
        case .budgetWarned(let event): line("! \(BudgetWords.warning(event))", .yellow)
        case .modelSwitched(let event): line("! \(event.to) goes on for \(event.from): \(event.reason)", .yellow)
        case .toolCallStarted(let event): line("• \(event.title)", .cyan)
        case .toolCallCompleted(let event): show(event)
        case .outputDelta(let event): show(event)
        case .fileChanged(let event): showPatch(event.patch)
        case .diagnosticsUpdated(let event): show(event, shown: checkOutput)
        case .checkStarted(let event):
            checkOutput = []
            line("? check \(CheckWords.named(event.name, event.command))", .cyan)
        case .checkCompleted(let event):
            endOutput(event.itemId)
            show(event)
        case .approvalRequested(let event):
            line("‼ waits for approval: \(event.approval.title)  (\(event.approval.approvalId))", .yellow)
            ApprovalPrompt.wasAnnounced(event.approval.approvalId)
        case .approvalResolved(let event):
            let resolution = event.resolution
            let by = resolution.answeredBy.map { " by \($0)" } ?? ""
            line("· \(resolution.decision?.words ?? resolution.cause.rawValue)\(by)", .dim)
        case .turnCompleted(let event): show(event)
        case .resultApplied(let event):
            line("· \(event.scope == .undone ? "undone" : "applied") \(Self.files(event.applied.count))", .dim)
        case .egressDecided(let event): show(event)
        case .egressRulesChanged(let event): line("· network: \(EgressWords.rules(event))", .dim)
        case .snapshotTaken(let event): show(event)
        case .snapshotFailed(let event): line("! step \(event.step) was not kept: \(event.reason)", .yellow)
        case .stepCommitted(let event):
            line("· step \(event.step) is commit \(event.commit.prefix(10))", .dim)
        case .sessionPublished(let event):
            line("✓ published \(event.url ?? event.branch ?? event.kind.rawValue)", .green)
        case .commitFailed(let event): line("! step \(event.step) has no commit: \(event.reason)", .yellow)
        case .sessionRestored(let event): line("· back at step \(event.step)", .cyan)
        case .sessionForked(let event): line("· forked from \(event.from) at step \(event.step)", .dim)
        case .sessionResumed(let event): line("· goes on: \(event.reason)", .yellow)
        case .commandEnded(let event):
            endOutput(event.itemId)
            line("· background command \(event.commandId): \(event.command.words)", .dim)
        case .environmentPreparing(let event): line("· \(EnvironmentWords.preparing(event))", .dim)
        case .setupStarted(let event): line("? \(EnvironmentWords.started(event))", .cyan)
        case .setupCompleted(let event):
            endOutput(event.itemId)
            if event.result.exitCode != 0 { line("✗ setup failed: \(event.result.words)", .red) }
        case .repositoryFetched(let event): line("· \(EnvironmentWords.fetched(event))", .dim)
        case .modelCallServed(let event): show(event)
        case .environmentPrepared(let event):
            line("· \(EnvironmentWords.prepared(event))", .dim)
            for note in event.notes ?? [] { line("! \(note)", .yellow) }
        case .publicationUpdated(let event): show(event)
        case .commentReceived(let event): show(event)
        case .gap(let event): line("! events \(event.from) to \(event.to) are missing: \(event.reason)", .red)
        case .messageStarted, .messageDelta, .reasoningStarted, .reasoningDelta, .usageUpdated, .unknown: break
        }
    }

    private mutating func show(_ images: [ImageSummary]?) {
        for image in images ?? [] { line("  with \(image.words)", .dim) }
    }

    private mutating func show(_ event: ToolCallCompleted) {
        endOutput(event.itemId)
        switch event.status {
        case .completed: break
        case .failed:
            let text = event.text.split(separator: "\n").first.map(String.init) ?? "failed"
            line("  \(text)", event.command == nil ? .red : .yellow)
        case .denied: line("  \(event.text)", .yellow)
        case .cancelled: line("  cancelled", .yellow)
        }
    }

    private mutating func show(_ event: OutputDelta) {
        guard let text = event.text else {
            let note = "[binary output]"
            if checkOutput.last != note { outputLine(note, of: event.itemId) }
            return
        }
        for part in openOutput[event.itemId, default: [:]][event.stream, default: OpenOutput()].lines(text) {
            outputLine(part, of: event.itemId)
        }
    }

    /// The item is over: what it left without an end of line is a line too.
    private mutating func endOutput(_ itemId: String) {
        guard let open = openOutput.removeValue(forKey: itemId) else { return }
        for stream in [OutputStream.stdout, .stderr] { outputLine(open[stream]?.rest ?? "", of: itemId) }
    }

    private mutating func outputLine(_ text: String, of itemId: String) {
        guard !text.isEmpty else { return }
        let shown = outputLines[itemId, default: 0]
        outputLines[itemId] = shown + 1
        if shown == Self.maximumOutputLines { line("  [… more in the session's log …]", .dim) }
        guard shown < Self.maximumOutputLines else { return }
        checkOutput.append(text)
        line("  \(text)", .dim)
    }

    private mutating func showPatch(_ patch: String) {
        for part in patch.split(separator: "\n") {
            let style: Terminal.Style = part.hasPrefix("+") ? .green : part.hasPrefix("-") ? .red : .dim
            line("  \(part)", style)
        }
    }

    /// A step without changes is left out: the one before has the same files.
    private mutating func show(_ event: SnapshotTaken) {
        if event.changedFiles > 0 {
            let doubt = event.consistent ? "" : "; something was writing meanwhile"
            line("· step \(event.step): \(Self.files(event.changedFiles)) changed\(doubt)", .dim)
        }
        if let removed = event.removedSteps, !removed.isEmpty {
            line("· given up for room: steps \(removed.map(String.init).joined(separator: ", "))", .yellow)
        }
    }

    static func files(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }

    mutating func line(_ text: String, _ style: Terminal.Style?) {
        endLine()
        let safe = Terminal.harmless(text)
        Terminal.line(style.map { Terminal.styled(safe, $0) } ?? safe)
    }

    private mutating func endLine() {
        if ApprovalPrompt.leavesLine() || midLine { Terminal.line("") }
        midLine = false
    }
}
