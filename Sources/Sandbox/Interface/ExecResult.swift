/// How a command ended, as the supervisor wrote it to its journal.
public struct ExecResult: Sendable, Equatable {
    /// The verdict. Cases never overlap: a command that was stopped for its time is `.timedOut`, whatever status it left.
    public enum Outcome: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        case killed(by: Killer)
        /// The kernel killed it (SIGKILL) because the sandbox was at its memory limit.
        case outOfMemory
        /// The program never ran: errno and a sentence for the reader.
        case couldNotStart(errno: Int32, message: String)
        /// The end of the command is unknown: the sandbox ended first, or the end could not be recorded.
        case lost(String)
    }

    /// On whose behalf a command was killed.
    public enum Killer: Sendable, Equatable {
        case client
        /// A limit was reached; its name is for the reader (`disk`, `session time`).
        case limit(String)
    }

    /// What the process itself left behind.
    public enum ProcessStatus: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// Bytes of a stream that were counted but not kept.
    public struct Truncation: Sendable, Equatable {
        /// Why they were not kept.
        public enum Reason: Sendable, Equatable {
            /// The request's ``ExecRequest/outputLimit``.
            case outputLimit
            /// The journal could not be written, with the errno of it (ENOSPC when the disk is full).
            case journal(errno: Int32)
        }

        public var from: Int
        public var to: Int
        public var reason: Reason

        public init(from: Int, to: Int, reason: Reason = .outputLimit) {
            self.from = from
            self.to = to
            self.reason = reason
        }
    }

    public var outcome: Outcome
    /// Exit code or signal, also of a command that was timed out or killed; nil if it never ran or is lost.
    public var status: ProcessStatus?
    /// User and system time of the command and the descendants that it waited for.
    public var cpuMicroseconds: Int
    /// Largest resident set among them, in KiB.
    public var peakKiB: Int
    /// Milliseconds since 1970.
    public var startedAtMilliseconds: Int
    /// Milliseconds since 1970.
    public var endedAtMilliseconds: Int
    /// Between start and end by a clock that nobody sets.
    public var duration: Duration
    /// Bytes that were printed, kept or not.
    public var stdoutBytes: Int
    /// Bytes that were printed, kept or not.
    public var stderrBytes: Int
    public var stdoutTruncated: Truncation?
    public var stderrTruncated: Truncation?
    /// A background process still held an output pipe when the command had ended; it was killed.
    public var pipesHeldOpen: Bool
    /// Processes of the command that could not be killed (stuck in the kernel). Zero unless something is badly wrong.
    public var survivors: Int
    /// Processes of the sandbox that the kernel killed for want of memory while the command ran, whatever became of the
    /// command itself. Zero where memory is not limited.
    public var outOfMemoryKills: Int

    public init(
        outcome: Outcome,
        status: ProcessStatus? = nil,
        cpuMicroseconds: Int = 0,
        peakKiB: Int = 0,
        startedAtMilliseconds: Int = 0,
        endedAtMilliseconds: Int = 0,
        duration: Duration = .zero,
        stdoutBytes: Int = 0,
        stderrBytes: Int = 0,
        stdoutTruncated: Truncation? = nil,
        stderrTruncated: Truncation? = nil,
        pipesHeldOpen: Bool = false,
        survivors: Int = 0,
        outOfMemoryKills: Int = 0
    ) {
        self.outcome = outcome
        self.status = status
        self.cpuMicroseconds = cpuMicroseconds
        self.peakKiB = peakKiB
        self.startedAtMilliseconds = startedAtMilliseconds
        self.endedAtMilliseconds = endedAtMilliseconds
        self.duration = duration
        self.stdoutBytes = stdoutBytes
        self.stderrBytes = stderrBytes
        self.stdoutTruncated = stdoutTruncated
        self.stderrTruncated = stderrTruncated
        self.pipesHeldOpen = pipesHeldOpen
        self.survivors = survivors
        self.outOfMemoryKills = outOfMemoryKills
    }

    /// True only for exit code 0.
    public var isSuccess: Bool {
        outcome == .exited(0)
    }
}
