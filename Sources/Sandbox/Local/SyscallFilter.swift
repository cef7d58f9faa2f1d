import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The filter of system calls that every process of a sandbox is under.
enum SyscallFilter {
    static let step = "make the filter of system calls"
    /// Far above what it needs.
    private static let maximumBytes = 32 << 10

    /// Whether processor and kernel are ones that it works on.
    static var isAvailable: Bool { bytes() != nil && cspawn_has_syscall_filters() }

    /// A descriptor with the filter's instructions, or a negative errno.
    static func open() -> Int32 {
        guard let bytes = bytes() else { return -ENOSYS }
        return bytes.withUnsafeBytes { cspawn_memory_file($0.baseAddress, $0.count) }
    }

    private static func bytes() -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: maximumBytes) { buffer, filled in
            count = cspawn_syscall_filter(buffer.baseAddress, buffer.count)
            filled = max(0, count)
        }
        return count > 0 ? bytes : nil
    }
}
