import AgentProtocol

/// A session as this editor knows it, built from its events.
struct SessionView: Sendable {
    let id: String
    /// Absolute path.
    let folder: String
    /// Whether `folder` is the editor's word: its own workspace folder, or named by it at the start. The word of the
    /// service is not enough to write files there.
    var isFolderTrusted: Bool
    /// Started from this editor.
    let isOwn: Bool
    var title: String
    var state = SessionState.starting
    /// The newest event that was taken in.
    var lastSeq = 0
    /// Events up to here are history; nil while it is not known how far that goes.
    var historyEnd: Int?
    /// In the order in which they were asked.
    var approvals: [ApprovalRequest] = []
    /// The end of the newest turn; nil while one runs.
    var outcome: TurnCompleted?
    /// What is going on, in one line.
    var activity = ""
    /// Relative paths, in the order of their first change.
    var changedFiles: [String] = []
    var isApplied = false
    /// Why it stopped or failed.
    var endReason: String?
    /// Titles of running tool calls and checks by item.
    private var runningItems: [String: String] = [:]
    /// The last line of the text that the model is writing.
    private var messageTail = ""

    init(id: String, folder: String, isFolderTrusted: Bool, isOwn: Bool, title: String) {
        self.id = id
        self.folder = folder
        self.isFolderTrusted = isFolderTrusted
        self.isOwn = isOwn
        self.title = DisplayText.exact(String(title.prefix { !$0.isNewline }), limit: 72)
    }

    /// Characters of an activity line: what an echo area or a status line shows.
    static let activityLength = 120
    /// More running items or changed files than this are a fault of the service; the rest is not remembered.
    static let mostItems = 2000

    var isLive: Bool { state.isLive }
    var isBusy: Bool { [.queued, .starting, .running, .waiting].contains(state) }
    /// Whether what happens now is news, not replay.
    var isCurrent: Bool { historyEnd.map { lastSeq >= $0 } ?? false }
    /// Whether there is something to apply.
    var hasResult: Bool { outcome.map { !$0.changedFiles.isEmpty } ?? false }

    /// Takes in what a list says, for a session whose beginning is not replayed.
    mutating func seed(_ summary: SessionSummary) {
        state = summary.state
        approvals = summary.pendingApprovals
        isApplied = summary.applied
    }

    mutating func absorb(_ event: AgentEvent) {
        switch event {
        case .sessionQueued(let event): activity = Wording.queued(event)
        case .sessionStatus(let event):
            state = event.state
            if !event.state.isLive { end(event.reason) }
        case .turnStarted(let event):
            state = .running
            outcome = nil
            isApplied = false
            activity = DisplayText.lastLine(event.prompt, limit: Self.activityLength)
        case .turnCompleted(let event):
            outcome = event
            if state.isLive { state = .idle }
            approvals = []
            runningItems = [:]
            changedFiles = event.changedFiles
        case .messageStarted: messageTail = ""
        case .messageDelta(let event):
            messageTail = String((messageTail + event.text).suffix(4 * Self.activityLength))
            activity = DisplayText.lastLine(messageTail, limit: Self.activityLength)
        case .messageCompleted(let event):
            activity = DisplayText.lastLine(event.text, limit: Self.activityLength)
        case .reasoningStarted: activity = "thinking"
        case .modelRetried(let event):
            activity = "asking the model again: \(DisplayText.lastLine(event.reason, limit: Self.activityLength))"
        case .modelSwitched(let event):
            activity =
                "\(DisplayText.exact(event.to, limit: 80)) goes on for \(DisplayText.exact(event.from, limit: 80))"
        case .toolCallStarted(let event): begin(event.itemId, DisplayText.exact(event.title, limit: 100))
        case .toolCallCompleted(let event): finish(event.itemId)
        case .checkStarted(let event): begin(event.itemId, "check \(DisplayText.exact(event.name, limit: 80))")
        case .checkCompleted(let event):
            finish(event.itemId)
            let name = DisplayText.exact(event.evidence.name, limit: 80)
            activity = event.evidence.passed ? "check \(name) passed" : "check \(name) failed"
        case .fileChanged(let event):
            if !changedFiles.contains(event.path), changedFiles.count < Self.mostItems {
                changedFiles.append(event.path)
            }
        case .approvalRequested(let event):
            approvals.removeAll { $0.approvalId == event.approval.approvalId }
            approvals.append(event.approval)
            if state.isLive { state = .waiting }
        case .approvalResolved(let event):
            approvals.removeAll { $0.approvalId == event.resolution.approvalId }
            if approvals.isEmpty, state == .waiting { state = .running }
        case .resultApplied(let event):
            if event.conflicts.isEmpty, event.scope != .part { isApplied = event.scope == nil }
        case .sessionRestored(let event):
            isApplied = false
            outcome = nil
            activity = "back at step \(event.step)"
        case .snapshotTaken, .snapshotFailed, .stepCommitted, .commitFailed, .sessionForked,
            .sessionPublished:
            break
        case .environmentPreparing(let event): activity = Wording.preparing(event)
        case .setupStarted(let event):
            begin(event.itemId, "setup: \(DisplayText.exact(Wording.words(event.command), limit: 80))")
        case .setupCompleted(let event): finish(event.itemId)
        case .environmentPrepared, .repositoryFetched: activity = "starting"
        case .sessionResumed(let event):
            for item in event.voidItemIds { finish(item) }
            activity = "goes on after a restart of the service"
        case .publicationUpdated(let event): activity = Wording.publication(event)
        case .budgetWarned, .commandEnded, .commentReceived, .promptReceived, .reasoningDelta, .reasoningCompleted,
            .outputDelta,
            .diagnosticsUpdated,
            .usageUpdated,
            .egressDecided, .egressRulesChanged, .modelCallServed, .gap, .unknown:
            break
        }
    }

    private mutating func begin(_ item: String, _ title: String) {
        if runningItems.count < Self.mostItems { runningItems[item] = title }
        activity = title
    }

    private mutating func finish(_ item: String) {
        runningItems[item] = nil
        if let other = runningItems.values.min() { activity = other }
    }

    private mutating func end(_ reason: String?) {
        endReason = reason
        approvals = []
        runningItems = [:]
    }
}
