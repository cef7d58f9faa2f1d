/// What happened in a session: the `event` of `agent/progress`, told apart by its `type`.
///
/// Items have a life, started → delta* → completed; the completed one is authoritative.
/// A reader meets unknown types with `.unknown` and goes on.
public enum AgentEvent: Sendable, Equatable {
    case sessionStatus(SessionStatusEvent)
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
        case "gap": self = .gap(try Gap(from: decoder))
        default: self = .unknown(type: type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: TypeKey.self)
        try container.encode(type, forKey: .type)
        switch self {
        case .sessionStatus(let event): try event.encode(to: encoder)
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
        case .gap: "gap"
        case .unknown(let type): type
        }
    }

    /// Every `type` of this version.
    public static let allTypes = [
        "sessionStatus",
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
        "gap",
    ]
}
