/// The true end of a command, from the supervisor's exit record.
public struct CommandResult: Codable, Sendable, Equatable {
    public var status: Status
    /// With `exited`.
    public var exitCode: Int?
    /// With `signalled`: the signal's number.
    public var signal: Int?
    /// With `couldNotStart` and `lost`: why. With `killed`: by which limit, if by one.
    public var message: String?
    public var durationMilliseconds: Int
    public var cpuMilliseconds: Int?
    public var peakKiB: Int?
    /// Bytes that the command wrote.
    public var stdoutBytes: Int
    public var stderrBytes: Int
    /// What of it was not kept.
    public var stdoutTruncated: OutputTruncation?
    public var stderrTruncated: OutputTruncation?

    public enum Status: String, Codable, Sendable, CaseIterable {
        case exited, signalled, timedOut, killed, couldNotStart, outOfMemory, lost
    }

    public init(
        status: Status, exitCode: Int? = nil, signal: Int? = nil, message: String? = nil, durationMilliseconds: Int,
        cpuMilliseconds: Int? = nil, peakKiB: Int? = nil, stdoutBytes: Int, stderrBytes: Int,
        stdoutTruncated: OutputTruncation? = nil, stderrTruncated: OutputTruncation? = nil
    ) {
        self.status = status
        self.exitCode = exitCode
        self.signal = signal
        self.message = message
        self.durationMilliseconds = durationMilliseconds
        self.cpuMilliseconds = cpuMilliseconds
        self.peakKiB = peakKiB
        self.stdoutBytes = stdoutBytes
        self.stderrBytes = stderrBytes
        self.stdoutTruncated = stdoutTruncated
        self.stderrTruncated = stderrTruncated
    }

    /// Exited with 0.
    public var succeeded: Bool { status == .exited && exitCode == 0 }
}
