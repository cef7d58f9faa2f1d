import AgentProtocol
import JSON
import Models
import Secrets
import Store

extension AgentSession {
    /// The recorder of a session that is to be recorded.
    static func recorder(
        _ configuration: AgentSessionConfiguration
    ) -> TrafficRecorder? {
        guard let file = configuration.recording else { return nil }
        let catalog = configuration.models
        var start = configuration.start
        // Where it was and what it was called there means nothing elsewhere.
        start.workspaceFolder = nil
        start.repository = nil
        start.workspace = nil
        start.idempotencyKey = nil
        start.record = nil
        start.replay = nil
        let header = TrafficHeader(
            program: "cofferdam", created: currentMilliseconds(),
            session: (try? JSONCoder.encode(start)) ?? [:], models: catalog.models.map(\.model),
            roles: catalog.roles)
        return TrafficRecorder(
            header: file.bytes == 0 ? header : nil, bytes: file.bytes, workspacePath: configuration.workspaceFolder,
            session: configuration.sessionId,
            redactor: Redactor(catalog.models.flatMap(\.secrets), known: configuration.secrets),
            sink: { [weak file] in file?.take($0) })
    }

    /// What users say is recorded where the session takes it up.
    func record(_ prompt: QueuedPrompt, steers: Bool) {
        guard let recorder = models.recorder, let given = prompt.given else { return }
        var more: JSON = [:]
        more["context"] = given.context.flatMap { try? JSONCoder.encode($0) }
        more["images"] = given.images.flatMap { try? JSONCoder.encode($0) }
        more["model"] = given.model.map(JSON.string)
        more["keepModel"] = given.keepModel.map(JSON.bool)
        recorder.prompted(RecordedPrompt(text: given.text, steers: steers, more: more))
    }

    /// Takes in what was said into the recorded turn at this place.
    func takeRecordedSteering() async throws {
        for recorded in models.player?.steering() ?? [] {
            let params = params(of: recorded)
            var prompt = newPrompt(SystemPrompt.user(params.text, params.context), steers: true)
            let pictures = try PromptPictures(params.images)
            prompt.images = params.images
            prompt.model = params.model
            prompt.keepsModel = params.keepModel
            try await log.append(
                .promptReceived(PromptReceived(text: params.text, delivery: .steer, images: pictures.summaries)),
                keeping: [.value(KeptKey.prompt(prompt.number), prompt)])
            steering.append(prompt)
        }
    }

    /// Begins the next recorded turn, if there is one.
    func goOnWithReplay() async {
        guard let player = models.player, state.isLive, !isReplayOver, queue.isEmpty, let next = player.nextPrompt()
        else { return }
        // What cannot be logged ends the session by itself.
        _ = try? await prompt(params(of: next))
    }

    private func params(of recorded: RecordedPrompt) -> AgentPrompt.Params {
        AgentPrompt.Params(
            sessionId: configuration.sessionId, text: recorded.text, delivery: recorded.steers ? .steer : nil,
            context: recorded.more["context"].flatMap { try? JSONCoder.decode(PromptContext.self, from: $0) },
            images: recorded.more["images"].flatMap { try? JSONCoder.decode([PromptImage].self, from: $0) },
            model: recorded.more["model"]?.stringValue, keepModel: recorded.more["keepModel"]?.boolValue)
    }

    /// How far a replay had come that a former service played.
    public static func replayPosition(kept values: [String: [UInt8]]) -> TrafficPlayer.Position? {
        guard let bytes = values[KeptKey.session], let json = try? JSON(parsing: bytes) else { return nil }
        return (try? JSONCoder.decode(KeptSession.self, from: json))?.replay
    }
}
