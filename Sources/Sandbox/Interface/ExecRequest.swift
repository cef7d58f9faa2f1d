import SupervisorProtocol

/// Names one command: a UUID chosen by whoever asks for it.
public typealias ExecID = SupervisorProtocol.ExecID

/// A command to run in a sandbox.
public struct ExecRequest: Sendable, Equatable {
    /// Chosen by the caller; the same id never runs twice.
    public var id: ExecID
    /// Program and arguments. A program without a slash is looked up in the command's `PATH`. No shell is involved.
    public var arguments: [String]
    /// Added to the sandbox's environment; wins over it.
    public var environment: [String: String]
    /// Relative to the workspace or absolute inside the sandbox; nil is the workspace.
    public var workingDirectory: String?
    /// Time until SIGTERM; nil is no limit.
    public var timeout: Duration?
    /// Time between SIGTERM and SIGKILL.
    public var grace: Duration
    /// What the command reads on standard input (at most ``maximumStandardInput`` bytes); nil is `/dev/null`.
    public var standardInput: [UInt8]?
    /// Most bytes that are kept of each output stream. What comes after is counted and thrown away.
    public var outputLimit: Int
    /// A pseudo-terminal of this size as controlling terminal and as all three standard streams; nil is none. All output
    /// is then on stdout. `TERM` is `xterm-256color` unless the environment says otherwise.
    public var terminal: TerminalSize?
    /// Standard input stays open for ``ExecHandle/write(_:)`` after `standardInput`, until ``ExecHandle/closeInput()``.
    /// A terminal always does.
    public var interactiveInput: Bool
    /// The variables that the repository chose (``SandboxSpec/repositoryVariables``) are left out, and of its `PATH` what leads
    /// to files that it or its session can write.
    public var withoutRepositoryVariables = false

    /// Standard input travels in one control frame.
    public static let maximumStandardInput = 512 << 10
    /// Bytes of interactive input that may be on their way to a command that does not read.
    public static let inputWindow = ProtocolLimits.inputWindow
    /// Enough for any build log, little enough for a disk.
    public static let defaultOutputLimit = 64 << 20

    public init(
        id: ExecID = ExecID(),
        arguments: [String],
        environment: [String: String] = [:],
        workingDirectory: String? = nil,
        timeout: Duration? = nil,
        grace: Duration = .seconds(2),
        standardInput: [UInt8]? = nil,
        outputLimit: Int = ExecRequest.defaultOutputLimit,
        terminal: TerminalSize? = nil,
        interactiveInput: Bool = false
    ) {
        self.id = id
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.timeout = timeout
        self.grace = grace
        self.standardInput = standardInput
        self.outputLimit = outputLimit
        self.terminal = terminal
        self.interactiveInput = interactiveInput
    }
}
