import Agent
import Environments
import Policy
import Sandbox
import Secrets

/// What the sessions of a service are made with.
public struct SessionManagerConfiguration: Sendable {
    public var stateDirectory: String
    public var models: ModelCatalog
    public var driver: any SandboxDriver
    /// Layers of policy above the repository's.
    public var policyLayers: [PolicyLayer]
    public var limits: AgentLimits
    /// What every sandbox may take.
    public var resources = ResourceLimits()
    /// Bytes that the file systems in memory of a sandbox may hold, each; nil: the sandbox's default.
    public var temporaryBytes: Int?
    /// What sandboxes can be made from; nil: the host's own system, and no setup steps.
    public var environments: EnvironmentStore?
    /// In which a user's own git would run on this machine: where its configuration is.
    public var userEnvironment: [String: String] = [:]
    /// Gives sandboxes a way out; nil: none has any.
    public var network: (any NetworkProvider)?
    /// Remote repositories that sessions may work on, and that results may be pushed to; nil: none.
    public var remotes: GitRemoteAccess?
    public var publish = PublishSettings()
    /// Whether and how CI and reviewers are watched after a push.
    public var afterPush = AfterPushSettings()
    /// Whether model traffic may be recorded.
    public var recording = RecordingSettings()
    /// What may be spent on models.
    public var budgets = BudgetSettings()
    /// What every change must pass, whatever its repository says.
    public var checks = OrganisationChecks()
    /// Sandboxes alive at a time; a session beyond them waits in the queue.
    public var concurrency = ConcurrencyLimits()
    /// What is made ready before it is asked for, and what is kept of copies of folders beyond what sessions need.
    public var warmPool = WarmPoolSettings()
    public var retention = RetentionSettings()
    /// A session whose last turn ended this long ago is stopped.
    public var sessionIdleTimeout: Duration
    /// Live sessions; one more is refused.
    public var maximumLiveSessions: Int

    /// What is removed from all that sessions write down.
    public var secrets = KnownSecrets()
    /// Where it is said what no client can be told.
    public var log = Log.none

    public init(
        stateDirectory: String, models: ModelCatalog, driver: any SandboxDriver,
        policyLayers: [PolicyLayer] = [.builtIn()], limits: AgentLimits = .init(),
        sessionIdleTimeout: Duration = .seconds(1800), maximumLiveSessions: Int = 256
    ) {
        self.stateDirectory = stateDirectory
        self.models = models
        self.driver = driver
        self.policyLayers = policyLayers
        self.limits = limits
        self.sessionIdleTimeout = sessionIdleTimeout
        self.maximumLiveSessions = maximumLiveSessions
    }
}
