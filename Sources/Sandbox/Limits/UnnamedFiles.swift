import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files that processes of a sandbox have open and that have no name any more: no look at directories finds them, and they
/// take as much of the disk as others.
///
/// What is only mapped into memory, or lies in a socket's queue between two processes, is not seen.
enum UnnamedFiles {
    /// Far more than a sandbox may have; looking must end.
    private static let maximumProcesses = 10_000

    /// - Parameters:
    ///   - program: the process that all of the sandbox descends from.
    ///   - bound: counting stops above it.
    static func bytes(beneath program: pid_t, atMost bound: Int) -> Int {
        var seen: Set<[UInt64]> = []
        var bytes = 0
        var waiting = [program]
        var looked = 0
        while let pid = waiting.popLast(), looked < maximumProcesses, bytes <= bound {
            looked += 1
            waiting += ProcessChildren.children(of: pid) ?? []
            let directory = open("/proc/\(pid)/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard directory >= 0 else { continue }
            defer { Descriptors.close(directory) }
            for name in DirectoryReader.names(of: directory) ?? [] {
                var status = stat()
                // Through the link to what is open, which does not open it.
                guard name.withCString({ fstatat(directory, $0, &status, 0) }) == 0,
                    status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 0, status.st_blocks > 0,
                    seen.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted
                else { continue }
                // Memory has a limit of its own.
                let path = "/proc/\(pid)/fd/" + String(decoding: name.bytes, as: UTF8.self)
                guard cspawn_is_on_disk(path) else { continue }
                bytes += Int(clamping: status.st_blocks) * 512
            }
        }
        return bytes
    }
}
