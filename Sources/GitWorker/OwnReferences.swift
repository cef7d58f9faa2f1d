import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Moves references that no other program moves, one helper at a time. A helper that was killed meanwhile has left git's lock
/// of the reference behind, which would keep every later one out.
struct OwnReferences {
    private let repository: Repository

    /// Longer than git holds a reference: to write one line.
    private static let staleSeconds = 1
    private static let attempts = 60
    private static let pauseMicroseconds: UInt32 = 50_000
    private static let locked: Int32 = -14  // GIT_ELOCKED

    init(_ repository: Repository) { self.repository = repository }

    /// - Throws: `GitError`.
    func move(_ name: String, to id: ObjectID) throws(GitError) {
        let folder = repository.commonDirectory + "refs"
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        // Ends with the process, however that ends.
        if descriptor >= 0 { while flock(descriptor, LOCK_EX) != 0, errno == EINTR {} }
        for attempt in 1... {
            do {
                return try repository.setReference(name, to: id, from: try repository.reference(name))
            } catch  where error.code == Self.locked && attempt < Self.attempts {
                removeStaleLock("\(repository.commonDirectory)\(name).lock")
            }
        }
    }

    private func removeStaleLock(_ path: String) {
        var status = stat()
        if lstat(path, &status) == 0, time(nil) - Self.modified(status) > Self.staleSeconds {
            unlink(path)
        } else {
            usleep(Self.pauseMicroseconds)
        }
    }

    private static func modified(_ status: stat) -> Int {
        #if canImport(Glibc)
            status.st_mtim.tv_sec
        #else
            status.st_mtimespec.tv_sec
        #endif
    }
}
