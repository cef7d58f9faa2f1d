import Agent
import AgentProtocol
import JSON
import JSONRPC
import Models
import Sandbox
import Secrets
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A recording that a session plays, read and checked.
struct SessionReplay: Sendable {
    let recording: TrafficRecording
    let options: TrafficPlayer.Options
    let catalog: ModelCatalog

    /// - Throws: `ConversationFormatError` with the line that is wrong.
    init(_ bytes: [UInt8], _ options: TrafficPlayer.Options) throws {
        recording = try TrafficRecording(parsing: bytes)
        self.options = options
        catalog = ModelCatalog(replaying: recording.header)
    }
}

extension ModelReplay {
    fileprivate var options: TrafficPlayer.Options {
        TrafficPlayer.Options(
            match: match == .lenient ? .lenient : .strict, speed: speedPercent.map { Double($0) / 100 })
    }
}

extension SessionManager {
    public func recording(_ params: AgentRecording.Params) async throws -> AgentRecording.Result {
        _ = try record(params.sessionId)
        let live = live[params.sessionId]
        return try await answering {
            if let file = live?.recording { return try await file.piece(at: params.offset) }
            return try await RecordingFile.piece(stateDirectory: directory(params.sessionId), at: params.offset)
        }
    }

    /// The recording that a session is to play.
    /// - Returns: nil when it asks models.
    func replay(_ params: AgentStart.Params) async throws -> SessionReplay? {
        guard params.record != true || configuration.recording.isAllowed else {
            throw invalid(
                "this service permits no recordings; who runs it can write `recording: true` into its service.yaml")
        }
        guard let replay = params.replay else { return nil }
        guard params.record != true else { throw invalid("a replay cannot be recorded") }
        if let speed = replay.speedPercent, !(1...100_000).contains(speed) {
            throw invalid("`speedPercent` must be from 1 to 100000")
        }
        do {
            return try await Background.run { try SessionReplay(Array(replay.recording.utf8), replay.options) }
        } catch let error as ConversationFormatError {
            throw invalid("the recording is not valid: \(error)")
        }
    }

    /// What a session is started with that plays a recording: all that the recorded one was told.
    func replayed(
        _ params: AgentStart.Params, _ replay: SessionReplay, in folder: String
    ) throws -> AgentStart.Params {
        var start: AgentStart.Params
        do {
            start = try JSONCoder.decode(AgentStart.Params.self, from: replay.recording.header.start(in: folder))
        } catch {
            throw invalid("the recording is not valid: line 1: `session` is not as agent/start takes it: \(error)")
        }
        guard !start.prompt.allSatisfy(\.isWhitespace) else { throw invalid("the recorded session has no prompt") }
        guard params.repository == nil && params.workspace == nil || start.documents?.isEmpty ?? true else {
            throw invalid("the recorded session had unsaved buffers; replay it on a folder of the service's machine")
        }
        start.workspaceFolder = params.workspaceFolder
        start.repository = params.repository
        start.workspace = params.workspace
        start.idempotencyKey = params.idempotencyKey
        start.record = nil
        start.replay = params.replay
        // It lies beside the session; what is kept of a session is read often.
        start.replay?.recording = ""
        return start
    }

    /// Settings of a session that is recorded, or plays a recording.
    func apply(
        _ replay: SessionReplay?, position: TrafficPlayer.Position? = nil, to settings: inout AgentSessionConfiguration
    ) async throws {
        if settings.start.record == true {
            settings.recording = try await answering {
                try await RecordingFile(stateDirectory: settings.stateDirectory)
            }
        }
        guard let replay else { return }
        settings.models = replay.catalog
        settings.replay = TrafficPlayer(
            replay.recording, options: replay.options, session: settings.sessionId,
            workspacePath: settings.workspaceFolder,
            redactor: Redactor(configuration.models.models.flatMap(\.secrets), known: configuration.secrets),
            from: position)
        // It costs nothing.
        settings.ledger = nil
        settings.reservations = BudgetReservations()
    }

    /// Keeps the recording that a session plays for a later service.
    func keepReplay(_ text: String, of id: String) async throws {
        let path = replayPath(id)
        try await answering {
            try await Background.run {
                guard FileBytes.write(Array(text.utf8), toFile: path, mode: 0o600) else {
                    throw AgentError.configuration("cannot write \(path): \(String(cString: strerror(errno)))")
                }
            }
        }
    }

    /// What a session played under a former service.
    /// - Throws: when it can no longer be read.
    func keptReplay(_ start: AgentStart.Params, of id: String) async throws -> SessionReplay? {
        guard let replay = start.replay else { return nil }
        let path = replayPath(id)
        return try await Background.run {
            guard let bytes = FileBytes.read(path, limit: TrafficLimits.maximumBytes) else {
                throw AgentError.configuration("\(path) cannot be read")
            }
            return try SessionReplay(bytes, replay.options)
        }
    }

    nonisolated func removeReplay(of id: String) async {
        let path = replayPath(id)
        _ = try? await Background.run { unlink(path) }
    }

    private nonisolated func replayPath(_ id: String) -> String { directory(id) + ".replay.jsonl" }
}
