import AgentProtocol
import JSON
import Models
import Policy
import ProjectConfiguration
import Sandbox

/// What a session is made from: kept before anything else, so that it can be started again from nothing.
public struct KeptStart: Codable, Sendable {
    public var start: AgentStart.Params
    public var workspaceFolder: String
    public var modelName: String
    public var policyLayers: [PolicyLayer]
    public var limits: AgentLimits
    public var resources: ResourceLimits
    public var temporaryBytes: Int?
    /// Milliseconds since 1970.
    public var startedAt: Int

    init(_ configuration: AgentSessionConfiguration, startedAt: Int) {
        start = configuration.start
        workspaceFolder = configuration.workspaceFolder
        modelName = configuration.modelName
        policyLayers = configuration.policyLayers
        limits = configuration.limits
        resources = configuration.resources
        temporaryBytes = configuration.temporaryBytes
        self.startedAt = startedAt
    }

    /// Reads it from all that a session keeps.
    public init?(kept values: [String: [UInt8]]) {
        guard let bytes = values[KeptKey.start], let json = try? JSON(parsing: bytes),
            let value = try? JSONCoder.decode(KeptStart.self, from: json)
        else { return nil }
        self = value
    }

    /// The session's configuration as it was frozen at its start.
    public func apply(to configuration: inout AgentSessionConfiguration) {
        configuration.start = start
        configuration.policyLayers = policyLayers
        configuration.limits = limits
        configuration.resources = resources
        configuration.temporaryBytes = temporaryBytes
    }
}

/// What is decided once the sandbox is made, and does not change any more.
struct KeptFrozen: Codable, Sendable {
    var spec: SandboxSpec
    /// All of them, the repository's included.
    var policyLayers: [PolicyLayer]
    var checks: [CheckDefinition]
    var systemPrompt: String
    var treeHash: String
    var leftOut: [String]
    /// The repository's.
    var limits: LimitValues?
}

/// What changes with turns.
struct KeptSession: Codable, Sendable {
    /// Why the session is ending.
    struct Ending: Codable, Sendable {
        var reason: String
        var state: SessionState
        /// The last event is in the log.
        var isTold = false
    }

    /// The baseline was taken.
    var booted = false
    var usage = TokenUsage()
    /// Absent in what an earlier version kept.
    var spentMicros: Int?
    var warned: [String]?
    var granted: [String] = []
    var pendingNotes: [String] = []
    var outcome: TurnOutcome?
    var turns = 0
    var items = 0
    var ending: Ending?
    /// The model that the user chose for the session since it began.
    var model: String?
    /// How far its replay has come.
    var replay: TrafficPlayer.Position?
    /// Of all turns; absent in what an earlier version kept, as is the next one.
    var steps: Int?
    /// Of turns that are over.
    var workedMilliseconds: Int?

    var spent: SessionBudget.Spent {
        SessionBudget.Spent(
            usage: usage, costMicros: spentMicros, steps: steps ?? 0, milliseconds: workedMilliseconds ?? 0)
    }
}

/// A turn that runs.
struct KeptTurn: Codable, Sendable {
    var id: String
    var loop: LoopGuard.Kept
    var gateFailures: Int
    /// The newest event when the model was asked last.
    var asked: Int
    var cancelled = false
    /// The model was told what speaks against its change.
    var isDoubtTold: Bool?
    /// What it works on, as much of it as a commit says.
    var prompt: String?
    /// The number of its prompt; absent in what an earlier version kept.
    var number: Int?
    /// The model that the user chose for it.
    var model: String?
    /// The model that answered last, or is to.
    var answering: String?
}

/// A tool call of the newest answer.
struct KeptCall: Codable, Sendable {
    struct Result: Codable, Sendable {
        var text: String
        var isError: Bool
        var images: [PromptImage]?

        init(_ result: ToolResult) {
            text = result.text
            isError = result.isError
            if !result.images.isEmpty { images = result.images.map { PromptImage(data: $0.base64) } }
        }

        /// As what came of the call `id`.
        func result(of id: String) -> ToolResult {
            ToolResult(
                callID: id, text: text, isError: isError,
                images: images?.compactMap { PromptPictures.content($0.data) } ?? [])
        }
    }

    var itemId: String
    /// The session's count of items when it began.
    var items: Int
    /// The tree before the answer's calls.
    var treeBefore: String
    var result: Result?
}

/// A command, from before it is started until its item is completed.
struct KeptExec: Codable, Sendable {
    var id: String
    /// Files that commands before it had added.
    var addedBefore: [String]
}

/// Bytes of each stream that are in the log.
struct KeptOutput: Codable, Sendable, Equatable {
    var stdout = 0
    var stderr = 0
}

/// A file that is about to be changed by a tool.
struct KeptEdit: Codable, Sendable {
    var old: String?
    var new: String
    var patch: String
    /// The event is in the log.
    var isTold = false
}

/// A question to the user, and its answer.
struct KeptApproval: Codable, Sendable {
    var request: ApprovalRequest
    var resolution: ApprovalResolution?
    var arguments: JSONValue?
}

/// A prompt that waits.
struct QueuedPrompt: Codable, Sendable {
    var number: Int
    var text: String
    var steers: Bool
    /// Pictures that came with it.
    var images: [PromptImage]?
    /// The model that the user chose with it.
    var model: String?
    /// That model is the session's from then on.
    var keepsModel: Bool?
    /// As the user gave it, for the recording of the session.
    var given: AgentPrompt.Params?
}

/// What the checks proved so far.
struct KeptChecks: Codable, Sendable {
    var latest: [String: CheckEvidence] = [:]
    /// `CheckInputs.key` of these runs; absent in what an earlier version kept.
    var inputs: [String: String]?
    var slow: Set<String> = []
    var items = 0
    /// Absent in what an earlier version kept.
    var firstTests: [String: TestCounts]?

    var latestInputs: [String: String] { inputs ?? latest.mapValues(\.treeHash) }
}

/// The check that runs.
struct KeptCheck: Codable, Sendable {
    var name: String
    var item: Int
    var treeHash: String
    /// Milliseconds since 1970; absent in what an earlier version kept.
    var startedAt: Int?
    /// What was there of its reports before it ran.
    var reports: CheckReports.Before?
}

/// Checks of the present round that have ended.
struct KeptRound: Codable, Sendable {
    var occasion: String
    var reports: [String: String] = [:]
}

/// A command in the background.
struct KeptBackground: Codable, Sendable {
    var number: Int
    var itemId: String
    var execId: String
    var title: String
    var isTerminal: Bool
    var addedBefore: [String]
    var turn: Int
    /// What the model has read of its output.
    var read = KeptOutput()
    var result: CommandResult?
}
