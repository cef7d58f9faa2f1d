#if canImport(Glibc)
    import CSpawn
    import Glibc
#else
    import Darwin
#endif

/// A pipe whose ends no program inherits that another thread starts at this moment: such a program would keep the
/// readers from seeing the end.
public struct PrivatePipe: Sendable {
    public let readEnd: Int32
    public let writeEnd: Int32

    /// - Throws: ``HostFailure`` when the process has no descriptors left.
    public init() throws {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let status = cspawn_pipe(&ends, false)
            guard status == 0 else { throw HostFailure(-status) }
        #else
            guard pipe(&ends) == 0 else { throw HostFailure(errno) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #endif
        (readEnd, writeEnd) = (ends[0], ends[1])
    }
}
