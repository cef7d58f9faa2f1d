import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The first process of a sandbox: starts commands, keeps what they print, kills what they leave behind.
///
/// One thread and one loop. Nothing in it waits: pipes and the control stream are non-blocking, listings go in steps, and
/// output is read from the journal only when the service takes it, so one busy command never delays another.
final class Supervisor {
    let channel: ControlChannel
    let journal: Journal
    let files: FileService
    let childSignal: Int32
    let nullDevice: Int32
    /// Everything in the PID namespace is ours only when we are its first process.
    let isInit = getpid() == 1

    var greeted = false
    var commands: [ExecID: RunningCommand] = [:]
    var commandsByPID: [pid_t: ExecID] = [:]
    var attachments: [Attachment] = []
    var listings: [ListJob] = []
    var nextMark: UInt64 = 1
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

    /// How long pipes may stay open after the command itself has ended.
    static let drainNanoseconds = 300_000_000
    /// How long we try to kill what a command left behind.
    static let sweepNanoseconds = 5_000_000_000
    static let sweepInterval = 2_000_000

    init(channel: ControlChannel, journal: Journal, files: FileService, childSignal: Int32, nullDevice: Int32) {
        self.channel = channel
        self.journal = journal
        self.files = files
        self.childSignal = childSignal
        self.nullDevice = nullDevice
    }

    deinit {
        scratch.deallocate()
    }

    /// Serves until the control stream ends. Returns the exit code of the program.
    func run() -> Int32 {
        while true {
            pump()
            guard channel.flush() else { return end(code: 0) }
            let ready = wait()
            if ready.isReadable(channel.input), !channel.fill() { return end(code: 0) }
            do {
                while channel.wantsRequests, let request = try channel.nextRequest() { try handle(request) }
            } catch {
                return giveUp(error)
            }
            for command in commands.values {
                for stream in OutputStream.allCases { collect(command, stream, ready) }
            }
            if ready.isReadable(childSignal) {
                cspawn_drain_child_signal(childSignal)
                reapChildren()
            }
            advanceCommands()
            advanceListings()
        }
    }

    /// Tells the peer what it did wrong, as far as it listens, and ends.
    private func giveUp(_ error: ProtocolError) -> Int32 {
        channel.send(.failed(error.description))
        _ = channel.flush()
        return end(code: 2)
    }

    /// Kills everything. As first process of the namespace our own end does so once more.
    private func end(code: Int32) -> Int32 {
        for entry in everything() { kill(entry.pid, SIGKILL) }
        return code
    }

    /// All processes that are ours to kill, zombies included.
    func everything() -> [ProcessTable.Entry] {
        let table = ProcessTable()
        return isInit ? table.entries.filter { $0.pid != 1 } : table.descendants(of: getpid())
    }

    private func wait() -> ReadyDescriptors {
        var polled = [pollfd(fd: childSignal, events: Int16(POLLIN), revents: 0)]
        if channel.wantsRequests {
            polled.append(pollfd(fd: channel.input, events: Int16(POLLIN), revents: 0))
        }
        if channel.unsent > 0 {
            polled.append(pollfd(fd: channel.output, events: Int16(POLLOUT), revents: 0))
        }
        for command in commands.values {
            for pipe in [command.stdout.pipe, command.stderr.pipe] where pipe >= 0 {
                polled.append(pollfd(fd: pipe, events: Int16(POLLIN), revents: 0))
            }
        }
        _ = poll(&polled, nfds_t(polled.count), pollTimeout())
        return ReadyDescriptors(polled)
    }

    /// Milliseconds until something is due, -1 for never.
    private func pollTimeout() -> Int32 {
        if channel.wantsOutput, !listings.isEmpty { return 0 }
        let deadline = commands.values.map(\.nextDeadline).min() ?? .max
        guard deadline < .max else { return -1 }
        let left = deadline - System.monotonicNanoseconds()
        // Rounded up, so that the deadline has passed when we wake.
        return left <= 0 ? 0 : Int32(clamping: left / 1_000_000 + 1)
    }
}

/// Which descriptors the last poll found readable or at their end.
struct ReadyDescriptors {
    private var readable: Set<Int32> = []

    init(_ polled: [pollfd]) {
        let wanted = Int16(POLLIN | POLLHUP | POLLERR)
        for item in polled where item.events == Int16(POLLIN) && item.revents & wanted != 0 {
            readable.insert(item.fd)
        }
    }

    func isReadable(_ descriptor: Int32) -> Bool {
        readable.contains(descriptor)
    }
}
