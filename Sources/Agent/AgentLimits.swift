import Sandbox

/// Limits of the loop: each with its reason, all in one place.
public struct AgentLimits: Sendable, Codable {
    /// Model answers in a turn: far beyond what a task that converges needs.
    public var steps = 100
    /// Input and output tokens of a turn.
    public var tokens = 5_000_000
    /// Wall time of a turn in seconds, waiting for the user not counted.
    public var seconds = 3600
    /// Bytes of a tool's output that the model reads, half from the head and half from the tail.
    public var toolOutputBytes = 24 << 10
    /// Bytes of a check's report that the model reads.
    public var checkReportBytes = 12 << 10
    /// Bytes of each output stream of a check that its parsers see.
    public var parsedOutputBytes = 8 << 20
    /// Seconds a command may run when the model names no time.
    public var commandSeconds = 120
    /// Most seconds that the model may ask for.
    public var maximumCommandSeconds = 1800
    /// Bytes of each output stream of a command that are kept: enough for any build log, little enough for a disk.
    public var commandOutputBytes = ExecRequest.defaultOutputLimit
    /// Commands that run in the background at the same time: a server, a watcher, a few more.
    public var backgroundCommands = 16
    /// Seconds that a setup command may run: some compile a whole toolchain.
    public var setupSeconds = 3600
    /// Seconds that an approval waits for an answer.
    public var approvalSeconds = 900
    /// Equal tool calls with equal results in a row before the model is told, and before the turn ends.
    public var repeatsBeforeNotice = 3
    public var repeatsBeforeEnd = 6
    /// Times in a row that the model may call itself done while a check fails.
    public var gateRounds = 4
    /// A check that took longer is not run after every edit, only at the end.
    public var slowCheckSeconds = 90
    /// Tool calls of one answer; more are refused, so that one answer cannot flood the sandbox.
    public var callsPerAnswer = 64
    /// Bytes of a file that the result can carry.
    public var resultFileBytes = 32 << 20
    /// Bytes of all contents and patches of one result: as base64 it must fit into one message (64 MiB).
    public var resultBytes = 40 << 20
    /// What the steps to which a session can be set back may take.
    public var snapshots = SnapshotLimits()
    /// Bytes of a patch in an event.
    public var eventPatchBytes = 64 << 10

    public init() {}
}
