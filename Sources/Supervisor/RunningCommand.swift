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
        /// -1 after the end of the stream.
        var pipe: Int32
        /// -1 until the first byte.
        var file: Int32 = -1
        var total = 0
        var kept = 0
        /// The limit is reached or the disk is full: what follows is only counted.
        var isFull = false
    }

    enum Phase {
        case running
        /// The process has ended (it is kept as a zombie, so that its number stays taken); its pipes are still open.
        case draining(until: Int)
        /// What it left behind is being killed.
        case sweeping(until: Int)
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
    var phase = Phase.running
    var killedBy = ExitRecord.Killer.nobody
    /// When SIGTERM is due; `.max` for never.
    var terminateAt: Int
    /// When SIGKILL is due; `.max` before SIGTERM was sent.
    var killAt = Int.max
    var pipesHeldOpen = false
    var survivors = 0
    /// When the sweep looks again.
    var nextSweep = 0

    init(command: ExecCommand, pid: pid_t, mark: UInt64, stdoutPipe: Int32, stderrPipe: Int32) {
        id = command.id
        fingerprint = command.fingerprint
        self.pid = pid
        self.mark = mark
        outputLimit = command.outputLimit
        graceMilliseconds = command.graceMilliseconds
        stdout = Stream(pipe: stdoutPipe)
        stderr = Stream(pipe: stderrPipe)
        terminateAt =
            command.timeoutMilliseconds == 0 ? .max : startedAt + command.timeoutMilliseconds * 1_000_000
    }

    var pipesAreClosed: Bool { stdout.pipe < 0 && stderr.pipe < 0 }

    func withStream<T>(_ stream: OutputStream, _ body: (inout Stream) -> T) -> T {
        stream == .stdout ? body(&stdout) : body(&stderr)
    }

    /// When this command needs attention without any event.
    var nextDeadline: Int {
        switch phase {
        case .running: min(terminateAt, killAt)
        case .draining(let until): min(until, killAt)
        case .sweeping: nextSweep
        }
    }

    func closeDescriptors() {
        for stream in OutputStream.allCases {
            withStream(stream) {
                if $0.pipe >= 0 { System.close($0.pipe) }
                if $0.file >= 0 { System.close($0.file) }
                $0.pipe = -1
                $0.file = -1
            }
        }
    }
}
