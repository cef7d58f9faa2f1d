#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What runs in a sandbox, as the kernel tells it outside.
enum ProcessChildren {
    /// Whether the first process of a sandbox has children: every process of the sandbox descends from it.
    /// - Parameter program: the process of the sandbox program, whose only child is the first one inside.
    /// - Returns: nil where the kernel does not tell.
    static func anyBeneath(program: pid_t) -> Bool? {
        guard let first = children(of: program)?.first, let inside = children(of: first) else { return nil }
        return inside.contains { !hasEnded($0) }
    }

    /// Nil where the kernel does not tell, or the process is gone.
    static func children(of pid: pid_t) -> [pid_t]? {
        let tasks = open("/proc/\(pid)/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard tasks >= 0 else { return nil }
        defer { Descriptors.close(tasks) }
        var children: [pid_t] = []
        for task in DirectoryReader.names(of: tasks) ?? [] {
            let thread = String(decoding: task.bytes, as: UTF8.self)
            guard let bytes = Descriptors.contents(ofFile: "/proc/\(pid)/task/\(thread)/children", limit: 1 << 20)
            else {
                return nil
            }
            children += bytes.split(separator: UInt8(ascii: " ")).compactMap {
                pid_t(String(decoding: $0, as: UTF8.self))
            }
        }
        return children
    }

    /// Dead, or waiting to be reaped.
    private static func hasEnded(_ pid: pid_t) -> Bool {
        guard let bytes = Descriptors.contents(ofFile: "/proc/\(pid)/stat", limit: 4096),
            let end = bytes.lastIndex(of: UInt8(ascii: ")")), end + 2 < bytes.count
        else { return true }
        return bytes[end + 2] == UInt8(ascii: "Z") || bytes[end + 2] == UInt8(ascii: "X")
    }
}
