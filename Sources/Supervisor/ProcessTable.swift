import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A look at all processes of this PID namespace.
struct ProcessTable {
    struct Entry {
        var pid: pid_t
        var parent: pid_t
        var group: pid_t
        var session: pid_t
        var isZombie: Bool
    }

    private(set) var entries: [Entry] = []

    /// Reads /proc. Processes that end meanwhile are left out.
    init() {
        guard let directory = opendir("/proc") else { return }
        defer { closedir(directory) }
        while let item = readdir(directory) {
            let pid = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            if pid > 0, let entry = Self.entry(of: pid) { entries.append(entry) }
        }
    }

    /// Processes of a command: its session, its process group, all that carry its mark, and their descendants.
    func members(leader: pid_t, mark: UInt64) -> [Entry] {
        var chosen = Set(
            entries.lazy.filter {
                $0.session == leader || $0.group == leader || cspawn_mark_of($0.pid) == Int64(mark)
            }.map(\.pid))
        close(&chosen)
        return entries.filter { chosen.contains($0.pid) }
    }

    /// All descendants of a process, itself left out.
    func descendants(of root: pid_t) -> [Entry] {
        var chosen: Set<pid_t> = [root]
        close(&chosen)
        return entries.filter { $0.pid != root && chosen.contains($0.pid) }
    }

    /// Adds children until there are no more.
    private func close(_ chosen: inout Set<pid_t>) {
        var grown = true
        while grown {
            grown = false
            for entry in entries where chosen.contains(entry.parent) && !chosen.contains(entry.pid) {
                chosen.insert(entry.pid)
                grown = true
            }
        }
    }

    /// Parses /proc/PID/stat. The command's name in it may hold anything, so fields count from its last parenthesis.
    private static func entry(of pid: pid_t) -> Entry? {
        let descriptor = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { System.close(descriptor) }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 512) { buffer, filled in
            count = System.read(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
            filled = max(0, count)
        }
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 5)
        guard fields.count >= 4 else { return nil }
        let numbers = fields[1...3].compactMap { pid_t(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 3, let state = fields[0].first else { return nil }
        return Entry(
            pid: pid, parent: numbers[0], group: numbers[1], session: numbers[2],
            isZombie: state == UInt8(ascii: "Z") || state == UInt8(ascii: "X"))
    }
}
