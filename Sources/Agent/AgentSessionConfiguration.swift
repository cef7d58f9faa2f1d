import AgentProtocol
import Environments
import Models
import Policy
import ProjectConfiguration
import Sandbox
import Secrets
import Workspace

/// What a session needs from its service.
public struct AgentSessionConfiguration: Sendable {
    public var sessionId: String
    public var start: AgentStart.Params
    /// Absolute, without a trailing slash.
    public var workspaceFolder: String
    /// The model that it began with, for lists.
    public var modelName: String
    public var models: ModelCatalog
    public var driver: any SandboxDriver
    /// Folder of the session on the service's disk; made by the service.
    public var stateDirectory: String
    /// Layers above the repository's: built in, organisation, user.
    public var policyLayers: [PolicyLayer]
    public var limits: AgentLimits
    /// Says when the session may have a sandbox; nil: at once.
    public var admission: (any SessionAdmission)?
    /// What the sandbox may take; the repository can lower it.
    public var resources = ResourceLimits()
    /// Bytes that the file systems in memory of the sandbox may hold, each; nil: the sandbox's default.
    public var temporaryBytes: Int?
    /// What sandboxes can be made from; nil: the host's own system, and no setup steps.
    public var environments: EnvironmentStore?
    /// Gives its sandboxes a way out; nil: none has any.
    public var network: (any NetworkProvider)?

    /// Checks that run whatever the repository or the client say of checks.
    public var organisationChecks: [CheckDefinition] = []
    /// Results of checks on untouched trees that sessions leave for later ones; nil: every session runs them all.
    public var baselines: BaselineStore?
    /// Whose session it is: the name of the client's token.
    public var user = ""
    /// A sandbox that waits for the session.
    public var prepared: PreparedSandbox?
    /// Copies of users' folders that sessions share; nil: each session has its own.
    public var bases: BaseStore?
    /// Who makes the commits of its steps, for the user who is their author.
    public var committer = SessionHistory.Person(name: "Cofferdam", email: "cofferdam@localhost")
    /// In which the user's own git would run: where its configuration is.
    public var userEnvironment: [String: String] = [:]
    /// Gives the files; nil: they are those of `workspaceFolder` on this machine.
    public var source: (any WorkspaceSource)?

    /// Where the session is published; nil: nothing is watched after a push.
    public var publications: (any PublicationHost)?
    /// What neither events nor models are shown, whoever says it.
    public var secrets: KnownSecrets?
    /// Where its model traffic is recorded; nil: nowhere.
    public var recording: RecordingFile?
    /// A recording that it plays instead of asking models.
    public var replay: TrafficPlayer?
    /// What may be spent.
    public var budgets = BudgetLimits()
    /// What all sessions have spent; nil: budgets of users and of the organisation do not count.
    public var ledger: (any UsageLedger)?
    /// What answers under way will spend; shared by the sessions of a service.
    public var reservations = BudgetReservations()
    /// What happens after a push; nil: nothing.
    public var afterPush: WatchSettings?

    public init(
        sessionId: String, start: AgentStart.Params, workspaceFolder: String, modelName: String,
        models: ModelCatalog, driver: any SandboxDriver, stateDirectory: String,
        policyLayers: [PolicyLayer] = [.builtIn()], limits: AgentLimits = .init()
    ) {
        self.sessionId = sessionId
        self.start = start
        self.workspaceFolder = workspaceFolder
        self.modelName = modelName
        self.models = models
        self.driver = driver
        self.stateDirectory = stateDirectory
        self.policyLayers = policyLayers
        self.limits = limits
    }
}
