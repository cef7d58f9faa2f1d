import AgentProtocol
import JSON

/// What the user set: `initializationOptions`, later `workspace/didChangeConfiguration`. Everything may be absent.
public struct LanguageServerSettings: Codable, Sendable, Equatable {
    /// Forward every `agent/progress` of attached sessions to the editor.
    public var progress: Bool?
    /// Ask the editor with `agent/approve` requests.
    public var approve: Bool?
    /// What happens to the result at the end of a turn. Default `ask`.
    public var apply: ApplyMode?
    /// How results are written. Default: through the editor where it can.
    public var fileEdits: FileEdits?
    /// Keep transcript files. Default true.
    public var transcript: Bool?
    /// Open the transcript when a session starts. Default `auto`; `never` for an editor that shows progress itself.
    public var showTranscript: ShowTranscript?
    /// A model or role for new sessions; absent: the service's default.
    public var model: String?
    /// Which service; absent: the environment's, else an embedded one.
    public var service: Service?
    /// Who answers and applies, as other clients see it. Default: what the editor calls itself in `initialize`.
    public var client: ProgramInfo?

    public enum ApplyMode: String, Codable, Sendable, CaseIterable {
        /// Offer it.
        case ask
        /// Apply by itself what is verified; offer the rest.
        case verified
        /// Offer nothing.
        case never
    }

    public enum FileEdits: String, Codable, Sendable, CaseIterable {
        case workspaceEdit
        /// Write files; the editor reloads them.
        case disk
    }

    public enum ShowTranscript: String, Codable, Sendable, CaseIterable {
        case auto, never
    }

    /// Where the service is.
    public struct Service: Codable, Sendable, Equatable {
        /// `unix:/path`, `ws://host:port` or `wss://host:port`.
        public var url: String?
        /// Absolute path of a file with the bearer token.
        public var tokenFile: String?

        public init(url: String? = nil, tokenFile: String? = nil) {
            self.url = url
            self.tokenFile = tokenFile
        }
    }

    public init(
        progress: Bool? = nil, approve: Bool? = nil, apply: ApplyMode? = nil, fileEdits: FileEdits? = nil,
        transcript: Bool? = nil, showTranscript: ShowTranscript? = nil, model: String? = nil, service: Service? = nil,
        client: ProgramInfo? = nil
    ) {
        self.progress = progress
        self.approve = approve
        self.apply = apply
        self.fileEdits = fileEdits
        self.transcript = transcript
        self.showTranscript = showTranscript
        self.model = model
        self.service = service
        self.client = client
    }
}

extension LanguageServerSettings {
    /// Settings with those of `json` on top, which may lie beneath a `cofferdam` member as editors group them.
    /// Null and absent change nothing.
    /// - Throws: `JSONDecodingError` naming the setting that does not fit.
    func merging(_ json: JSON?) throws -> LanguageServerSettings {
        guard var json, !json.isNull else { return self }
        if let own = json["cofferdam"] { json = own }
        // Emacs and Lua write an empty table as an empty list.
        if json.arrayValue?.isEmpty == true || json.isNull { return self }
        guard let changes = json.objectValue else {
            throw JSONDecodingError(path: "$", message: "settings are an object, not \(json.kindDescription)")
        }
        var merged = try JSONCoder.encode(self)
        for (key, value) in changes { merged[key] = value }
        return try JSONCoder.decode(LanguageServerSettings.self, from: merged)
    }

    var forwardsProgress: Bool { progress ?? false }
    var asksEditor: Bool { approve ?? false }
    var applyMode: ApplyMode { apply ?? .ask }
    var keepsTranscript: Bool { transcript ?? true }
    var showsTranscript: Bool { (showTranscript ?? (forwardsProgress ? .never : .auto)) == .auto }
}
