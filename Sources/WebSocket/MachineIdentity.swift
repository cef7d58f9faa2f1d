#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Tells whether two processes see the same files: the same start of the same machine, and the same namespace of mounts.
public enum MachineIdentity {
    /// Nil where the system does not tell.
    public static let current: String? = {
        var boot = [UInt8](repeating: 0, count: 64)
        let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let count = boot.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
        var status = stat()
        guard count > 0, stat("/proc/self/ns/mnt", &status) == 0 else { return nil }
        let id = String(decoding: boot[..<count].filter { $0 > 0x20 }, as: UTF8.self)
        return "\(id)/\(status.st_ino)"
    }()
}
