/// What a sandbox is made from. It can be written down, for a later service that adopts the sandbox.
public struct SandboxSpec: Sendable, Equatable, Codable {
    /// The session's name; used in messages and as the sandbox's identity.
    public var id: String
    /// Absolute path of the workspace as the user has it. It is mounted at this same path inside.
    public var workspacePath: String
    /// Host directory with the frozen snapshot of the workspace. It is never written to.
    public var base: String
    /// Host directory of this session. `upper/`, `work/`, `merged/`, `journal/`, `etc/` and `empty/` are
    /// made inside it.
    public var stateDirectory: String
    /// Variables that every command gets, on top of `PATH`, `HOME`, `USER`, `LANG` and `TMPDIR`.
    public var environment: [String: String]
    /// Names in `environment` that the repository chose; nil: none.
    public var repositoryVariables: [String]?
    /// Further host directories to mount read-only at the same path, such as a toolchain's root.
    /// The `bin` directory in each comes first in `PATH`.
    public var toolchains: [String]
    /// Whether the toolchains that the service's own `PATH` leads to are mounted as well.
    public var detectToolchains: Bool
    /// Enough for the scratch files of a large build; what is in use counts as the sandbox's memory.
    public static let defaultTemporaryBytes = 2 << 30
    /// Most bytes that `/tmp`, the home directory and `/dev/shm` may hold, each.
    public var maximumTemporaryBytes: Int
    /// What its processes may take.
    public var limits: ResourceLimits
    /// How long the sandbox goes on without a service before it ends by itself.
    public var orphanGrace: Duration
    /// Whether the supervisor listens on the proxy ports (HTTP on 127.0.0.1:3128, SOCKS5 on 127.0.0.1:1080) and the
    /// model gateway's (127.0.0.1:3129), and hands
    /// their connections to ``Sandbox/connections``.
    public var egress: Bool
    /// Host directory that is shown read-only at ``networkPath``: what programs need to use the way out. Its `gitconfig`,
    /// `pip.conf` and `npmrc` also stand in `/etc`, its `ca-bundle.pem` in place of the system's bundle.
    public var networkDirectory: String?
    /// Where ``networkDirectory`` is seen.
    public static let networkPath = "/run/cofferdam/network"
    /// What stands at `/`. Toolchains of the host are mounted for ``RootFileSystem/host`` only.
    public var root: RootFileSystem
    /// What a prepared environment adds to the workspace and to the home directory.
    public var layers: EnvironmentLayers
    /// Whether the home directory is kept on disk in the state directory, as a set-up needs it, and not in memory. It is
    /// in any case when there are layers of it.
    public var keepsHome: Bool
    /// The name that the sandbox's user has inside.
    public var userName: String
    /// A second path inside that leads to the workspace, as a link. Absolute; nil for none.
    public var workspaceLink: String?

    public init(
        id: String,
        workspacePath: String,
        base: String,
        stateDirectory: String,
        environment: [String: String] = [:],
        toolchains: [String] = [],
        detectToolchains: Bool = true,
        maximumTemporaryBytes: Int = Self.defaultTemporaryBytes,
        limits: ResourceLimits = ResourceLimits(),
        root: RootFileSystem = .host,
        layers: EnvironmentLayers = EnvironmentLayers(),
        keepsHome: Bool = false,
        userName: String = "agent",
        workspaceLink: String? = nil,
        orphanGrace: Duration = .seconds(15 * 60),
        egress: Bool = false
    ) {
        self.id = id
        self.workspacePath = workspacePath
        self.base = base
        self.stateDirectory = stateDirectory
        self.environment = environment
        self.toolchains = toolchains
        self.detectToolchains = detectToolchains
        self.maximumTemporaryBytes = maximumTemporaryBytes
        self.limits = limits
        self.root = root
        self.layers = layers
        self.keepsHome = keepsHome
        self.userName = userName
        self.workspaceLink = workspaceLink
        self.orphanGrace = orphanGrace
        self.egress = egress
    }
}
