/// What a sandbox is made from.
public struct SandboxSpec: Sendable, Equatable {
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
    /// Further host directories to mount read-only at the same path, such as a toolchain's root.
    /// The `bin` directory in each comes first in `PATH`.
    public var toolchains: [String]
    /// Whether the toolchains that the service's own `PATH` leads to are mounted as well.
    public var detectToolchains: Bool
    /// Most bytes that `/tmp`, the home directory and `/dev/shm` may hold, each.
    public var maximumTemporaryBytes: Int
    /// What its processes may take.
    public var limits: ResourceLimits
    /// How long the sandbox goes on without a service before it ends by itself.
    public var orphanGrace: Duration
    /// Whether the supervisor listens on the proxy ports (HTTP on 127.0.0.1:3128, SOCKS5 on 127.0.0.1:1080) and hands
    /// their connections to ``Sandbox/connections``.
    public var egress: Bool

    public init(
        id: String,
        workspacePath: String,
        base: String,
        stateDirectory: String,
        environment: [String: String] = [:],
        toolchains: [String] = [],
        detectToolchains: Bool = true,
        maximumTemporaryBytes: Int = 2 << 30,
        limits: ResourceLimits = ResourceLimits(),
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
        self.orphanGrace = orphanGrace
        self.egress = egress
    }
}
