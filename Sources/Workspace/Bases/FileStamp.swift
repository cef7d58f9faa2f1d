#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// By what a change of a file shows without reading it. The time of the last change of status is the kernel's: no program
/// can choose it.
struct FileStamp: Equatable {
    var device: UInt64
    var inode: UInt64
    var mode: UInt32
    var size: Int
    /// Nanoseconds since 1970.
    var modified: Int
    var changed: Int

    init(device: UInt64, inode: UInt64, mode: UInt32, size: Int, modified: Int, changed: Int) {
        self.device = device
        self.inode = inode
        self.mode = mode
        self.size = size
        self.modified = modified
        self.changed = changed
    }

    init(_ status: stat) {
        #if canImport(Glibc)
            let (modified, changed) = (status.st_mtim, status.st_ctim)
        #else
            let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #endif
        self.init(
            device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(truncatingIfNeeded: status.st_ino),
            mode: UInt32(status.st_mode), size: Int(status.st_size), modified: Self.nanoseconds(modified),
            changed: Self.nanoseconds(changed))
    }

    static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    /// Anybody may give a file a time that nanoseconds in 64 bits do not reach (1677 to 2262): the nearest then.
    private static func nanoseconds(_ time: timespec) -> Int {
        Int(min(max(time.tv_sec, -9_223_372_035), 9_223_372_035)) * 1_000_000_000 + Int(time.tv_nsec)
    }

    var modificationTimes: [timespec] {
        // Before 1970 the seconds are rounded down: a part of a second is never negative (futimens(2)).
        let part = (modified % 1_000_000_000 + 1_000_000_000) % 1_000_000_000
        let time = timespec(tv_sec: (modified - part) / 1_000_000_000, tv_nsec: part)
        return [time, time]
    }

    /// A program may have a file mapped and write to it without another time until the kernel has written the pages
    /// back, which it does within half a minute; and the clocks of some file systems stand still for seconds.
    private static let doubtful = 60_000_000_000

    /// Whether an equal stamp proves equal contents of a file that was read at `time`.
    func isSettled(at time: Int) -> Bool { changed < time - Self.doubtful }
}
