#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a user's embedded service and its clients meet: one private directory.
public struct LocalService: Sendable, Equatable {
    public var directory: String

    public init(directory: String) { self.directory = directory }

    /// `$XDG_RUNTIME_DIR/cofferdam`, else `/tmp/cofferdam-UID`.
    public init(environment: [String: String]) {
        if let base = environment["XDG_RUNTIME_DIR"], base.hasPrefix("/") {
            directory = base + "/cofferdam"
        } else {
            directory = "/tmp/cofferdam-\(getuid())"
        }
    }

    public var socketPath: String { directory + "/service.sock" }
    public var tokenPath: String { directory + "/token" }
    /// Held (`flock`) by a client while it starts the service.
    public var startLockPath: String { directory + "/service.lock" }
    /// What the service printed while it started.
    public var startOutputPath: String { directory + "/service.err" }

    /// Creates the directory, mode 0700, or checks that what is there is a directory of ours that nobody else can enter.
    ///
    /// `/tmp` belongs to everybody: a directory or link planted there by someone else must not be used.
    public func prepare() throws(SmallFile.Failure) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .system(directory) }
        var status = stat()
        guard lstat(directory, &status) == 0 else { throw .system(directory) }
        func refuse(_ reason: String) -> SmallFile.Failure { SmallFile.Failure(path: directory, reason: reason) }
        guard status.st_mode & S_IFMT != S_IFLNK else { throw refuse("it is a symbolic link; remove it") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw refuse("it is not a directory; remove it") }
        guard status.st_uid == geteuid() else { throw refuse("it belongs to another user (uid \(status.st_uid))") }
        guard status.st_mode & 0o077 == 0 else { throw refuse("others may enter it: chmod 700 \(directory)") }
    }
}
