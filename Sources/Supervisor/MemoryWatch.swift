import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Looks at what commands have in memory where no control group holds it, and ends the largest when all of them together
/// have too much. What is taken between two looks is not held.
struct MemoryWatch {
    /// What a command that was ended for it is told.
    static let limitName = "memory"

    /// Of all commands together; nil: nobody watches.
    let limitBytes: Int?
    private(set) var nextLook = Int.max

    /// A build takes a gigabyte in about this time; the kernel needs longer to hand out much more.
    private static let intervalNanoseconds = 100_000_000
    /// Looking takes this part of the time at most.
    private static let costFactor = 20

    init(limitBytes: Int?) {
        self.limitBytes = limitBytes
    }

    /// A command was started: looks from now on.
    mutating func wake() {
        if limitBytes != nil { nextLook = min(nextLook, System.monotonicNanoseconds() + Self.intervalNanoseconds) }
    }

    /// The command to end now, if any. `members` gives a command's processes.
    mutating func look(
        at commands: some Collection<RunningCommand>, members: (RunningCommand) -> [ProcessTable.Entry]
    ) -> RunningCommand? {
        let begin = System.monotonicNanoseconds()
        guard let limitBytes, begin >= nextLook else { return nil }
        let running = commands.filter { if case .running = $0.phase { true } else { false } }
        guard !running.isEmpty else {
            nextLook = .max
            return nil
        }
        let candidates = running.map { ($0, members($0).map(\.pid)) }
        var victim: RunningCommand?
        // Resident memory counts what processes share once for each, and is cheap; proportional memory is exact, and dear.
        if Self.sum(candidates, Self.resident) > limitBytes, Self.sum(candidates, Self.proportional) > limitBytes {
            victim = candidates.max { Self.sum([$0], Self.proportional) < Self.sum([$1], Self.proportional) }?.0
        }
        let now = System.monotonicNanoseconds()
        nextLook = now + max(Self.intervalNanoseconds, (now - begin) * Self.costFactor)
        return victim
    }

    private static func sum(_ commands: [(RunningCommand, [pid_t])], _ measure: (pid_t) -> Int) -> Int {
        commands.reduce(0) { $0 + $1.1.reduce(0) { $0 + measure($1) } }
    }

    private static let pageSize = max(1, sysconf(Int32(_SC_PAGESIZE)))

    private static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { System.close(descriptor) }
        return System.readAt(descriptor, offset: 0, count: 8 << 10).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func resident(_ pid: pid_t) -> Int {
        let fields = text("/proc/\(pid)/statm").split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * pageSize : 0
    }

    private static func proportional(_ pid: pid_t) -> Int {
        for line in text("/proc/\(pid)/smaps_rollup").split(separator: "\n")
        where line.hasPrefix("Pss:") {
            let fields = line.split(separator: " ")
            return fields.count > 1 ? (Int(fields[1]) ?? 0) << 10 : 0
        }
        // Not told to us: what it has resident is the most that it can be.
        return resident(pid)
    }
}
