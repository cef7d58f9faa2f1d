import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A command from its start until its exit record is written.
final class RunningCommand {
    /// One output stream: its pipe, its file in the journal and what passed.
    struct Stream {
        /// A pipe or a terminal's master; -1 after the end of the stream.
        var pipe: Int32
        /// -1 until the first byte.
        var file: Int32 = -1
        var total = 0
        var kept = 0
        /// The limit is reached or the journal cannot be written: what follows is only counted.
        var isFull = false
        /// errno of the write after which nothing was kept; 0 for none.
        var error: Int32 = 0
    }

    enum Phase {
        case running
        /// The process has ended (it is kept as a zombie, so that its number stays taken); its pipes are still open.
        case draining(until: Int)
        /// What it left behind is being killed.
        case sweeping(until: Int)
        /// Nothing of it is left; its exit record is being written.
        case recording
    }

    let id: ExecID
    let fingerprint: UInt64
    let pid: pid_t
    let mark: UInt64
    let outputLimit: Int
    let graceMilliseconds: Int
    let startedAtMilliseconds = System.wallMilliseconds()
    let startedAt = System.monotonicNanoseconds()
    var endedAtMilliseconds = 0
    var endedAt = 0
    var stdout: Stream
    var stderr: Stream
    /// Interactive input; nil without.
    var input: CommandInput?
    /// Our end of the terminal; -1 for none or after its end.
    var terminal: Int32 { hasTerminal ? stdout.pipe : -1 }
    private let hasTerminal: Bool
    /// The command's side of its terminal, held open until it has ended; -1 for none.
    private var held: Int32
    var phase = Phase.running
    var killedBy = ExitRecord.Killer.nobody
    /// Name of the limit on whose behalf it is killed.
    var limit = ""
    /// When SIGTERM is due; `.max` for never.
    var terminateAt: Int
    /// When SIGKILL is due; `.max` before SIGTERM was sent.
    var killAt = Int.max
    var pipesHeldOpen = false
    var survivors = 0
    /// When the sweep looks again.
    var nextSweep = 0
    /// The sandbox's count of processes killed for want of memory when it started.
    let outOfMemoryBefore: Int

    init(command: ExecCommand, pid: pid_t, mark: UInt64, streams: CommandStreams, outOfMemoryBefore: Int) {
        id = command.id
        fingerprint = command.fingerprint
        self.pid = pid
        self.mark = mark
        outputLimit = command.outputLimit
        graceMilliseconds = command.graceMilliseconds
        stdout = Stream(pipe: streams.stdout)
        stderr = Stream(pipe: streams.stderr)
        input = streams.input
        held = streams.held
        hasTerminal = streams.terminal >= 0
        self.outOfMemoryBefore = outOfMemoryBefore
        terminateAt =
            command.timeoutMilliseconds == 0 ? .max : startedAt + command.timeoutMilliseconds * 1_000_000
    }

    var pipesAreClosed: Bool { stdout.pipe < 0 && stderr.pipe < 0 }

    /// Nothing of it runs any more.
    var isRecording: Bool { if case .recording = phase { true } else { false } }

    func withStream<T>(_ stream: OutputStream, _ body: (inout Stream) -> T) -> T {
        stream == .stdout ? body(&stdout) : body(&stderr)
    }

    /// When this command needs attention without any event.
    var nextDeadline: Int {
        switch phase {
        case .running: min(terminateAt, killAt)
        case .draining(let until): min(until, killAt)
        case .sweeping: nextSweep
        case .recording: .max
        }
    }

    /// Lets go of the command's side of its terminal, so that its end can be seen.
    func releaseTerminal() {
        if held >= 0 { System.close(held) }
        held = -1
    }

    /// Closes what leads to the processes; the files of the journal stay open.
    func closePipes() {
        releaseTerminal()
        input?.abandon()
        for stream in OutputStream.allCases {
            withStream(stream) {
                if $0.pipe >= 0 { System.close($0.pipe) }
                $0.pipe = -1
            }
        }
    }

    func closeFiles() {
        for stream in OutputStream.allCases {
            withStream(stream) {
                if $0.file >= 0 { System.close($0.file) }
                $0.file = -1
            }
        }
    }
}
