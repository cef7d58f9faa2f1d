import JSON

/// What a repository says about itself in `.cofferdam.yaml`.
public struct ProjectConfiguration: Sendable, Equatable {
    /// Nil when the file says nothing about checks, so that they are detected; an empty list means that there are none.
    public var checks: [CheckDefinition]?
    /// The `policy:` mapping as written; the Policy module knows what it means.
    public var policy: JSON?
    /// Added to the environment of the commands that run in the sandbox.
    public var environment: [String: String]
    /// Told to the model in addition to the user's prompt.
    public var instructions: String?
    /// Commands that prepare a fresh sandbox, in order.
    public var setup: [[String]]
    /// The environment that it works in.
    public var sandbox: SandboxChoice
    /// What its sandbox and commands may take; only less than the service allows.
    public var limits: LimitValues?
    /// What of the folder goes into a sandbox.
    public var workspace = WorkspaceChoice()
    /// What it wants of pull and merge requests.
    public var publish = PublishChoice()

    public init(
        checks: [CheckDefinition]? = nil, policy: JSON? = nil, environment: [String: String] = [:],
        instructions: String? = nil, setup: [[String]] = [], sandbox: SandboxChoice = SandboxChoice()
    ) {
        self.checks = checks
        self.policy = policy
        self.environment = environment
        self.instructions = instructions
        self.setup = setup
        self.sandbox = sandbox
    }
}
