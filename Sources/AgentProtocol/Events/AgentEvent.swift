/// What happened in a session: the `event` of `agent/progress`, told apart by its `type`.
///
/// Items have a life, started → delta* → completed; the completed one is authoritative.
/// A reader meets unknown types with `.unknown` and goes on.
public enum AgentEvent: Sendable, Equatable {
    case sessionStatus(SessionStatusEvent)
    case sessionQueued(SessionQueued)
    case turnStarted(TurnStarted)
    case turnCompleted(TurnCompleted)
    case promptReceived(PromptReceived)
    case messageStarted(MessageStarted)
    case messageDelta(MessageDelta)
    case messageCompleted(MessageCompleted)
    case reasoningStarted(ReasoningStarted)
    case reasoningDelta(ReasoningDelta)
    case reasoningCompleted(ReasoningCompleted)
    case modelRetried(ModelRetried)
    case modelSwitched(ModelSwitched)
    case budgetWarned(BudgetWarned)
    case toolCallStarted(ToolCallStarted)
    case toolCallCompleted(ToolCallCompleted)
    case outputDelta(OutputDelta)
    case fileChanged(FileChanged)
    case diagnosticsUpdated(DiagnosticsUpdated)
    case checkStarted(CheckStarted)
    case checkCompleted(CheckCompleted)
    case approvalRequested(ApprovalRequested)
    case approvalResolved(ApprovalResolved)
    case usageUpdated(UsageUpdated)
    case resultApplied(ResultApplied)
    case snapshotTaken(SnapshotTaken)
    case snapshotFailed(SnapshotFailed)
    case stepCommitted(StepCommitted)
    case commitFailed(CommitFailed)
    case sessionPublished(SessionPublished)
    case sessionRestored(SessionRestored)
    case sessionForked(SessionForked)
    case egressDecided(EgressDecided)
    case egressRulesChanged(EgressRulesChanged)
    case sessionResumed(SessionResumed)
    case commandEnded(CommandEnded)
    case repositoryFetched(RepositoryFetched)
    case modelCallServed(ModelCallServed)
    case environmentPreparing(EnvironmentPreparing)
    case setupStarted(SetupStarted)
    case setupCompleted(SetupCompleted)
    case environmentPrepared(EnvironmentPrepared)
    case publicationUpdated(PublicationUpdated)
    case commentReceived(CommentReceived)
    case gap(Gap)
    /// A type of a later version.
    case unknown(type: String)
}

extension AgentEvent: Codable {
    private enum TypeKey: String, CodingKey { case type }

    public init(from decoder: any Decoder) throws {
        let type = try decoder.container(keyedBy: TypeKey.self).decode(String.self, forKey: .type)
        switch type {
        case "sessionStatus": self = .sessionStatus(try SessionStatusEvent(from: decoder))
        case "sessionQueued": self = .sessionQueued(try SessionQueued(from: decoder))
        case "turnStarted": self = .turnStarted(try TurnStarted(from: decoder))
        case "turnCompleted": self = .turnCompleted(try TurnCompleted(from: decoder))
        case "promptReceived": self = .promptReceived(try PromptReceived(from: decoder))
        case "messageStarted": self = .messageStarted(try MessageStarted(from: decoder))
        case "messageDelta": self = .messageDelta(try MessageDelta(from: decoder))
        case "messageCompleted": self = .messageCompleted(try MessageCompleted(from: decoder))
        case "reasoningStarted": self = .reasoningStarted(try ReasoningStarted(from: decoder))
        case "reasoningDelta": self = .reasoningDelta(try ReasoningDelta(from: decoder))
        case "reasoningCompleted": self = .reasoningCompleted(try ReasoningCompleted(from: decoder))
        case "modelRetried": self = .modelRetried(try ModelRetried(from: decoder))
        case "modelSwitched": self = .modelSwitched(try ModelSwitched(from: decoder))
        case "budgetWarned": self = .budgetWarned(try BudgetWarned(from: decoder))
        case "toolCallStarted": self = .toolCallStarted(try ToolCallStarted(from: decoder))
        case "toolCallCompleted": self = .toolCallCompleted(try ToolCallCompleted(from: decoder))
        case "outputDelta": self = .outputDelta(try OutputDelta(from: decoder))
        case "fileChanged": self = .fileChanged(try FileChanged(from: decoder))
        case "diagnosticsUpdated": self = .diagnosticsUpdated(try DiagnosticsUpdated(from: decoder))
        case "checkStarted": self = .checkStarted(try CheckStarted(from: decoder))
        case "checkCompleted": self = .checkCompleted(try CheckCompleted(from: decoder))
        case "approvalRequested": self = .approvalRequested(try ApprovalRequested(from: decoder))
        case "approvalResolved": self = .approvalResolved(try ApprovalResolved(from: decoder))
        case "usageUpdated": self = .usageUpdated(try UsageUpdated(from: decoder))
        case "resultApplied": self = .resultApplied(try ResultApplied(from: decoder))
        case "snapshotTaken": self = .snapshotTaken(try SnapshotTaken(from: decoder))
        case "snapshotFailed": self = .snapshotFailed(try SnapshotFailed(from: decoder))
        case "stepCommitted": self = .stepCommitted(try StepCommitted(from: decoder))
        case "commitFailed": self = .commitFailed(try CommitFailed(from: decoder))
        case "sessionPublished": self = .sessionPublished(try SessionPublished(from: decoder))
        case "sessionRestored": self = .sessionRestored(try SessionRestored(from: decoder))
        case "sessionForked": self = .sessionForked(try SessionForked(from: decoder))
        case "egressDecided": self = .egressDecided(try EgressDecided(from: decoder))
        case "egressRulesChanged": self = .egressRulesChanged(try EgressRulesChanged(from: decoder))
        case "sessionResumed": self = .sessionResumed(try SessionResumed(from: decoder))
        case "commandEnded": self = .commandEnded(try CommandEnded(from: decoder))
        case "repositoryFetched": self = .repositoryFetched(try RepositoryFetched(from: decoder))
        case "modelCallServed": self = .modelCallServed(try ModelCallServed(from: decoder))
        case "environmentPreparing": self = .environmentPreparing(try EnvironmentPreparing(from: decoder))
        case "setupStarted": self = .setupStarted(try SetupStarted(from: decoder))
        case "setupCompleted": self = .setupCompleted(try SetupCompleted(from: decoder))
        case "environmentPrepared": self = .environmentPrepared(try EnvironmentPrepared(from: decoder))
        case "publicationUpdated": self = .publicationUpdated(try PublicationUpdated(from: decoder))
        case "commentReceived": self = .commentReceived(try CommentReceived(from: decoder))
        case "gap": self = .gap(try Gap(from: decoder))
        default: self = .unknown(type: type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: TypeKey.self)
        try container.encode(type, forKey: .type)
        switch self {
        case .sessionStatus(let event): try event.encode(to: encoder)
        case .sessionQueued(let event): try event.encode(to: encoder)
        case .turnStarted(let event): try event.encode(to: encoder)
        case .turnCompleted(let event): try event.encode(to: encoder)
        case .promptReceived(let event): try event.encode(to: encoder)
        case .messageStarted(let event): try event.encode(to: encoder)
        case .messageDelta(let event): try event.encode(to: encoder)
        case .messageCompleted(let event): try event.encode(to: encoder)
        case .reasoningStarted(let event): try event.encode(to: encoder)
        case .reasoningDelta(let event): try event.encode(to: encoder)
        case .reasoningCompleted(let event): try event.encode(to: encoder)
        case .modelRetried(let event): try event.encode(to: encoder)
        case .modelSwitched(let event): try event.encode(to: encoder)
        case .budgetWarned(let event): try event.encode(to: encoder)
        case .toolCallStarted(let event): try event.encode(to: encoder)
        case .toolCallCompleted(let event): try event.encode(to: encoder)
        case .outputDelta(let event): try event.encode(to: encoder)
        case .fileChanged(let event): try event.encode(to: encoder)
        case .diagnosticsUpdated(let event): try event.encode(to: encoder)
        case .checkStarted(let event): try event.encode(to: encoder)
        case .checkCompleted(let event): try event.encode(to: encoder)
        case .approvalRequested(let event): try event.encode(to: encoder)
        case .approvalResolved(let event): try event.encode(to: encoder)
        case .usageUpdated(let event): try event.encode(to: encoder)
        case .resultApplied(let event): try event.encode(to: encoder)
        case .snapshotTaken(let event): try event.encode(to: encoder)
        case .snapshotFailed(let event): try event.encode(to: encoder)
        case .stepCommitted(let event): try event.encode(to: encoder)
        case .commitFailed(let event): try event.encode(to: encoder)
        case .sessionPublished(let event): try event.encode(to: encoder)
        case .sessionRestored(let event): try event.encode(to: encoder)
        case .sessionForked(let event): try event.encode(to: encoder)
        case .egressDecided(let event): try event.encode(to: encoder)
        case .egressRulesChanged(let event): try event.encode(to: encoder)
        case .sessionResumed(let event): try event.encode(to: encoder)
        case .commandEnded(let event): try event.encode(to: encoder)
        case .repositoryFetched(let event): try event.encode(to: encoder)
        case .modelCallServed(let event): try event.encode(to: encoder)
        case .environmentPreparing(let event): try event.encode(to: encoder)
        case .setupStarted(let event): try event.encode(to: encoder)
        case .setupCompleted(let event): try event.encode(to: encoder)
        case .environmentPrepared(let event): try event.encode(to: encoder)
        case .publicationUpdated(let event): try event.encode(to: encoder)
        case .commentReceived(let event): try event.encode(to: encoder)
        case .gap(let event): try event.encode(to: encoder)
        case .unknown: break
        }
    }
}

extension AgentEvent {
    /// The value of `type` on the wire.
    public var type: String {
        switch self {
        case .sessionStatus: "sessionStatus"
        case .sessionQueued: "sessionQueued"
        case .turnStarted: "turnStarted"
        case .turnCompleted: "turnCompleted"
        case .promptReceived: "promptReceived"
        case .messageStarted: "messageStarted"
        case .messageDelta: "messageDelta"
        case .messageCompleted: "messageCompleted"
        case .reasoningStarted: "reasoningStarted"
        case .reasoningDelta: "reasoningDelta"
        case .reasoningCompleted: "reasoningCompleted"
        case .modelRetried: "modelRetried"
        case .modelSwitched: "modelSwitched"
        case .budgetWarned: "budgetWarned"
        case .toolCallStarted: "toolCallStarted"
        case .toolCallCompleted: "toolCallCompleted"
        case .outputDelta: "outputDelta"
        case .fileChanged: "fileChanged"
        case .diagnosticsUpdated: "diagnosticsUpdated"
        case .checkStarted: "checkStarted"
        case .checkCompleted: "checkCompleted"
        case .approvalRequested: "approvalRequested"
        case .approvalResolved: "approvalResolved"
        case .usageUpdated: "usageUpdated"
        case .resultApplied: "resultApplied"
        case .snapshotTaken: "snapshotTaken"
        case .snapshotFailed: "snapshotFailed"
        case .stepCommitted: "stepCommitted"
        case .commitFailed: "commitFailed"
        case .sessionPublished: "sessionPublished"
        case .sessionRestored: "sessionRestored"
        case .sessionForked: "sessionForked"
        case .egressDecided: "egressDecided"
        case .egressRulesChanged: "egressRulesChanged"
        case .sessionResumed: "sessionResumed"
        case .commandEnded: "commandEnded"
        case .repositoryFetched: "repositoryFetched"
        case .modelCallServed: "modelCallServed"
        case .environmentPreparing: "environmentPreparing"
        case .setupStarted: "setupStarted"
        case .setupCompleted: "setupCompleted"
        case .environmentPrepared: "environmentPrepared"
        case .publicationUpdated: "publicationUpdated"
        case .commentReceived: "commentReceived"
        case .gap: "gap"
        case .unknown(let type): type
        }
    }

    /// Every `type` of this version.
    public static let allTypes = [
        "sessionStatus",
        "sessionQueued",
        "turnStarted",
        "turnCompleted",
        "promptReceived",
        "messageStarted",
        "messageDelta",
        "messageCompleted",
        "reasoningStarted",
        "reasoningDelta",
        "reasoningCompleted",
        "modelRetried",
        "modelSwitched",
        "budgetWarned",
        "toolCallStarted",
        "toolCallCompleted",
        "outputDelta",
        "fileChanged",
        "diagnosticsUpdated",
        "checkStarted",
        "checkCompleted",
        "approvalRequested",
        "approvalResolved",
        "usageUpdated",
        "resultApplied",
        "snapshotTaken",
        "snapshotFailed",
        "stepCommitted",
        "commitFailed",
        "sessionPublished",
        "sessionRestored",
        "sessionForked",
        "egressDecided",
        "egressRulesChanged",
        "sessionResumed",
        "commandEnded",
        "repositoryFetched", "modelCallServed",
        "environmentPreparing",
        "setupStarted",
        "setupCompleted",
        "environmentPrepared",
        "publicationUpdated",
        "commentReceived",
        "gap",
    ]
}
