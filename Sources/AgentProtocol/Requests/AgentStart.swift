import JSONRPC

/// `agent/start`: begins a session in a sandbox of its own and answers at once; the sandbox boots behind the answer.
public enum AgentStart: RequestType {
    public static let method = "agent/start"

    public struct Params: Codable, Sendable, Equatable {
        /// What the user asks for, in plain words.
        public var prompt: String
        /// Absolute path or `file:` URI of the folder to work on; absent with `repository`.
        public var workspaceFolder: String?
        /// A remote repository to work on instead of a folder.
        public var repository: RepositoryReference?
        /// Its files, where the service's host does not have the folder. Unsaved buffers are in it then.
        public var workspace: UploadedWorkspace?
        /// Unsaved buffers; they replace the files of the same path in the snapshot.
        public var documents: [DocumentOverlay]?
        /// What the user was looking at.
        public var context: PromptContext?
        /// Pictures that belong to the prompt; a model that plays the role must read them.
        public var images: [PromptImage]?
        /// Name of a model or a role of the service's configuration; absent: the default.
        public var model: String?
        /// Replaces the checks of the repository for this session.
        public var checks: [CheckSpecification]?
        /// `edit` (default) or `plan` (nothing is changed).
        public var mode: SessionMode?
        public var budgets: Budgets?
        /// A name chosen by the client; starting twice with the same key gives the same session.
        public var idempotencyKey: String?
        /// Records what models are asked and answer, for `agent/recording`. Refused where the service does not permit it.
        public var record: Bool?
        /// Plays a recording instead of asking models; `prompt`, `model`, `mode`, `checks`, `budgets`, `context`, `images` and `documents` are then the recorded ones.
        public var replay: ModelReplay?

        public init(
            prompt: String, workspaceFolder: String? = nil, repository: RepositoryReference? = nil,
            workspace: UploadedWorkspace? = nil, documents: [DocumentOverlay]? = nil,
            context: PromptContext? = nil, images: [PromptImage]? = nil, model: String? = nil,
            checks: [CheckSpecification]? = nil, mode: SessionMode? = nil, budgets: Budgets? = nil,
            idempotencyKey: String? = nil, record: Bool? = nil, replay: ModelReplay? = nil
        ) {
            self.prompt = prompt
            self.workspaceFolder = workspaceFolder
            self.repository = repository
            self.workspace = workspace
            self.documents = documents
            self.context = context
            self.images = images
            self.model = model
            self.checks = checks
            self.mode = mode
            self.budgets = budgets
            self.idempotencyKey = idempotencyKey
            self.record = record
            self.replay = replay
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var sessionId: String
        /// Sequence number of the session's newest event; attach with `afterSeq: 0` to get all.
        public var seq: Int

        public init(sessionId: String, seq: Int) {
            self.sessionId = sessionId
            self.seq = seq
        }
    }
}
