import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A local socket on which the service, and nobody else, comes in.
///
/// Its name lies in a private directory that no sandbox sees; that is the guard. Who comes is looked at all the same.
struct Door {
    let listener: Int32
    /// The service's user as this user namespace sees it; nil for any.
    let peerUser: UInt32?

    init(listener: Int32, peerUser: UInt32?) {
        self.listener = listener
        self.peerUser = peerUser
        _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK)
    }

    /// The next connection of the service; nil when none waits. The caller closes it.
    func admit() -> Int32? {
        while true {
            let descriptor = cspawn_accept(listener)
            guard descriptor >= 0 else { return nil }
            if isService(descriptor) { return descriptor }
            System.close(descriptor)
        }
    }

    private func isService(_ descriptor: Int32) -> Bool {
        var pid: pid_t = -1
        var user: uid_t = 0
        guard cspawn_peer(descriptor, &pid, &user) == 0 else { return false }
        // Outside this PID namespace there are no numbers in it.
        if getpid() == 1, pid != 0 { return false }
        return peerUser == nil || peerUser == user
    }
}
