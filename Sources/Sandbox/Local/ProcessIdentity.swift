import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A process, told from a later one of the same number by the time of its start.
struct ProcessIdentity: Sendable, Equatable {
    var pid: pid_t
    /// Clock ticks after the start of the machine.
    var startTime: Int

    init(pid: pid_t, startTime: Int) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The process that has this number now; nil when there is none.
    init?(pid: pid_t) {
        guard let fields = Self.fields(of: pid), fields.count > 19, let start = Int(fields[19]) else { return nil }
        self.init(pid: pid, startTime: start)
    }

    /// A descriptor of the process; nil when it is gone. The caller closes.
    func open() -> Int32? {
        let descriptor = cspawn_pidfd_open(pid)
        guard descriptor >= 0 else { return nil }
        // Looked at after it was opened: now the number cannot change hands unnoticed.
        if ProcessIdentity(pid: pid) == self, !Self.hasEnded(descriptor) { return descriptor }
        Descriptors.close(descriptor)
        return nil
    }

    static func parent(of pid: pid_t) -> pid_t? {
        fields(of: pid).flatMap { $0.count > 1 ? pid_t($0[1]) : nil }
    }

    /// Whether the process behind a descriptor has ended, also when nobody has taken note of it.
    static func hasEnded(_ pidfd: Int32) -> Bool { wait(pidfd, milliseconds: 0) }

    /// True when the process has ended in time.
    static func wait(_ pidfd: Int32, milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&polled, 1, milliseconds)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    /// Numbers of all processes that this one can see.
    static func all() -> [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let item = readdir(directory) {
            let pid = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            if pid > 0 { found.append(pid) }
        }
        return found
    }

    /// The fields of /proc/PID/stat after the name, which may hold anything: they count from its last parenthesis.
    private static func fields(of pid: pid_t) -> [String]? {
        guard let bytes = Descriptors.contents(ofFile: "/proc/\(pid)/stat", limit: 4096),
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        return bytes[(end + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    }
}
