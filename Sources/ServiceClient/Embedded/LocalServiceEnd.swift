import CSpawn
import WebSocket

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ends the user's service on this machine in order: sessions are stopped with their results kept.
public enum LocalServiceEnd {
    /// Asks it to end, and waits until its process is gone. Blocks; not for tasks.
    /// - Returns: whether one was running.
    /// - Throws: `ServiceClientError.configuration` when it is another user's, or cannot be told to end.
    public static func end(_ local: LocalService) throws(ServiceClientError) -> Bool {
        guard let socket = EmbeddedStarter.connection(to: local.socketPath) else { return false }
        defer { _ = close(socket) }
        var (pid, user) = (pid_t(), uid_t())
        guard cspawn_peer(socket, &pid, &user) == 0, pid > 0 else {
            throw .configuration("the system does not tell which process listens on \(local.socketPath)")
        }
        // By descriptor, so that no other process can have taken over the number.
        let process = cspawn_pidfd_open(pid)
        guard process >= 0 else { return true }
        defer { _ = close(process) }
        guard EmbeddedStarter.listens(local.socketPath) else { return true }
        let code = cspawn_pidfd_signal(process, SIGTERM)
        guard code >= 0 || code == -ESRCH else {
            throw .configuration("the service (process \(pid)) cannot be ended: \(String(cString: strerror(-code)))")
        }
        var poller = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
        while poll(&poller, 1, -1) < 0, errno == EINTR {}
        return true
    }
}
