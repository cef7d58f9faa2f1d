#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One service at a time keeps a state directory: a second one would end the first one's sessions.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// - Returns: nil when another process holds the lock, or the file cannot be made.
    init?(directory: String) {
        let descriptor = open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit {
        // Closing alone leaves it locked while a process that is just being started has a copy of the descriptor.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
