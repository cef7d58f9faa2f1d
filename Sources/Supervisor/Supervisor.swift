import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The first process of a sandbox: starts commands, keeps what they print, kills what they leave behind.
///
/// One thread and one loop, and beside it threads that flush to disk. Nothing in the loop waits: pipes and the control
/// stream are non-blocking, listings go in steps, and output is read from the journal only when the service takes it, so
/// one busy command never delays another.
///
/// It outlives the service. Whoever connects is served, the newest alone; commands run on when nobody does. After a time
/// without anybody it ends, and all with it.
final class Supervisor {
    let door: Door
    let journal: Journal
    let files: FileService
    let childSignal: Int32
    let nullDevice: Int32
    let recorder: Recorder
    let proxies: ProxyPorts?
    let memory: OutOfMemoryCounter
    let orphanNanoseconds: Int
    /// Everything in the PID namespace is ours only when we are its first process.
    let isInit = getpid() == 1

    /// Closed while there is no service.
    var channel = ControlChannel()
    var greeted = false
    /// Since when there has been no service; nil while there is one.
    var orphanedSince: Int? = System.monotonicNanoseconds()
    var reserve: Reserve
    /// Ends that could be kept nowhere else.
    var unrecorded: [ExecID: ExitRecord] = [:]
    var commands: [ExecID: RunningCommand] = [:]
    var commandsByPID: [pid_t: ExecID] = [:]
    var attachments: [Attachment] = []
    var listings: [ListJob] = []
    var nextMark: UInt64 = 1
    /// `tasks` or `cgroup.procs` files of the control groups of commands.
    var groups: [Int32] = []
    var watch = MemoryWatch(limitBytes: nil)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

    /// How long pipes may stay open after the command itself has ended.
    static let drainNanoseconds = 300_000_000
    /// How long we try to kill what a command left behind.
    static let sweepNanoseconds = 5_000_000_000
    static let sweepInterval = 2_000_000
    /// A journal that takes nothing for so many commands is not coming back.
    static let maximumUnrecorded = 4096

    init(
        door: Door, journal: Journal, files: FileService, childSignal: Int32, nullDevice: Int32, recorder: Recorder,
        proxies: ProxyPorts?, memory: OutOfMemoryCounter, orphanNanoseconds: Int
    ) {
        self.door = door
        self.journal = journal
        self.files = files
        self.childSignal = childSignal
        self.nullDevice = nullDevice
        self.recorder = recorder
        self.proxies = proxies
        self.memory = memory
        self.orphanNanoseconds = orphanNanoseconds
        reserve = Reserve(journal: journal)
    }

    deinit {
        scratch.deallocate()
    }

    /// Serves until nobody has come for too long. Returns the exit code of the program.
    func run() -> Int32 {
        while true {
            pump()
            if !channel.flush() { disconnect() }
            if orphanDeadline <= System.monotonicNanoseconds() { return end() }
            let ready = wait()
            if ready.isReadable(door.listener) { admit() }
            serveRequests(ready)
            for command in commands.values {
                for stream in OutputStream.allCases { collect(command, stream, ready) }
            }
            feedCommands()
            proxies?.serve(ready)
            if ready.isReadable(childSignal) {
                cspawn_drain_child_signal(childSignal)
                reapChildren()
            }
            if ready.isReadable(recorder.descriptor) { finishRecorded() }
            advanceCommands()
            watchMemory()
            advanceListings()
        }
    }

    /// Kills everything. As first process of the namespace our own end does so once more.
    private func end() -> Int32 {
        for entry in everything() { kill(entry.pid, SIGKILL) }
        return 0
    }

    /// All processes that are ours to kill, zombies included.
    func everything() -> [ProcessTable.Entry] {
        let table = ProcessTable()
        return isInit ? table.entries.filter { $0.pid != 1 } : table.descendants(of: getpid())
    }

    private func watchMemory() {
        guard let command = watch.look(at: commands.values, members: members) else { return }
        beginKilling(command, by: .limit, limit: MemoryWatch.limitName, graceMilliseconds: 0)
    }

    private func wait() -> ReadyDescriptors {
        let readable = Int16(POLLIN)
        var polled = [childSignal, door.listener, recorder.descriptor].map {
            pollfd(fd: $0, events: readable, revents: 0)
        }
        if channel.wantsRequests {
            polled.append(pollfd(fd: channel.descriptor, events: readable, revents: 0))
        }
        if channel.unsent > 0 {
            polled.append(pollfd(fd: channel.descriptor, events: Int16(POLLOUT), revents: 0))
        }
        for command in commands.values {
            for pipe in [command.stdout.pipe, command.stderr.pipe] where pipe >= 0 {
                polled.append(pollfd(fd: pipe, events: readable, revents: 0))
            }
            if let input = command.input, input.isWaiting {
                polled.append(pollfd(fd: input.descriptor, events: Int16(POLLOUT), revents: 0))
            }
        }
        for descriptor in proxies?.descriptors(now: System.monotonicNanoseconds()) ?? [] {
            polled.append(pollfd(fd: descriptor, events: readable, revents: 0))
        }
        _ = poll(&polled, nfds_t(polled.count), pollTimeout())
        return ReadyDescriptors(polled)
    }

    private var orphanDeadline: Int {
        guard let orphanedSince else { return .max }
        return orphanedSince + orphanNanoseconds
    }

    /// Milliseconds until something is due, -1 for never.
    private func pollTimeout() -> Int32 {
        if channel.wantsOutput, !listings.isEmpty { return 0 }
        let now = System.monotonicNanoseconds()
        var deadline = min(commands.values.map(\.nextDeadline).min() ?? .max, orphanDeadline, watch.nextLook)
        if let paused = proxies?.pausedUntil, paused > now { deadline = min(deadline, paused) }
        guard deadline < .max else { return -1 }
        let left = deadline - now
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
