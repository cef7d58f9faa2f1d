import Synchronization
import WebSocket

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Starts the user's embedded service, once, whichever of its clients come first. Blocks; not for tasks.
struct EmbeddedStarter: Sendable {
    private let configuration: ServiceClientConfiguration

    /// From the program's start to its listening: opening a big database on a slow disk fits.
    private static let readyWithin: Int32 = 30_000
    /// Of what the program printed, shown when it did not start.
    private static let shownOutputBytes = 4096
    /// Services that were started by this process and may have ended: their exit status is to be fetched.
    private static let children = Mutex<[pid_t]>([])

    init(_ configuration: ServiceClientConfiguration) { self.configuration = configuration }

    /// Returns when a service listens on the local socket.
    func ensureRunning() throws(ServiceClientError) {
        Self.reap()
        let local = configuration.local
        do { try local.prepare() } catch { throw .embeddedStart(reason: error.description, output: "") }
        let lock = open(local.startLockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else {
            throw .embeddedStart(reason: "\(local.startLockPath): \(Self.systemReason())", output: "")
        }
        defer { _ = close(lock) }
        // Whoever comes second waits here, and then finds the service of the first.
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .embeddedStart(reason: "its lock: \(Self.systemReason())", output: "") }
        }
        if Self.listens(local.socketPath) { return }
        try startProgram()
    }

    private func startProgram() throws(ServiceClientError) {
        guard let program = configuration.programPath else {
            throw .embeddedStart(
                reason: "the program cofferdamd was found neither beside this program nor on PATH; COFFERDAMD names it",
                output: "")
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .embeddedStart(reason: Self.systemReason(), output: "") }
        let (readEnd, writeEnd) = (Self.lift(ends[0]), Self.lift(ends[1]))
        defer { _ = close(readEnd) }
        let child: pid_t
        do throws(ServiceClientError) {
            child = try DetachedProgram(
                path: program, arguments: arguments, environment: configuration.environment,
                errorOutput: configuration.local.startOutputPath, passedDescriptor: writeEnd
            ).start()
        } catch {
            _ = close(writeEnd)
            throw error
        }
        _ = close(writeEnd)
        Self.children.withLock { $0.append(child) }
        try waitUntilReady(child, readEnd)
    }

    private var arguments: [String] {
        ["--embedded", "--runtime-directory", configuration.local.directory]
            + ["--ready-fd", String(DetachedProgram.passedAs)] + configuration.serviceArguments
    }

    private func waitUntilReady(_ child: pid_t, _ pipe: Int32) throws(ServiceClientError) {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            var descriptor = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            let ready = poll(&descriptor, 1, Self.readyWithin)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                kill(child, SIGTERM)
                throw failure("it was not ready within \(Self.readyWithin / 1000) s")
            }
            let count = read(pipe, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            text += chunk[..<count]
            if text.starts(with: "ready\n".utf8) { return }
            if text.count > 64 << 10 { break }
        }
        let said = String(decoding: text, as: UTF8.self)
        if said.hasPrefix("error: ") {
            throw .embeddedStart(reason: said.dropFirst("error: ".count).filter { $0 != "\n" }, output: "")
        }
        throw failure(Self.ending(child))
    }

    private func failure(_ reason: String) -> ServiceClientError {
        let output = (try? SmallFile.read(configuration.local.startOutputPath, maxBytes: 1 << 20)) ?? []
        return .embeddedStart(
            reason: reason, output: String(decoding: output.suffix(Self.shownOutputBytes), as: UTF8.self))
    }

    /// How a program that said nothing ended.
    private static func ending(_ child: pid_t) -> String {
        children.withLock { $0.removeAll { $0 == child } }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            if errno != EINTR { return "it ended" }
        }
        let signal = status & 0x7F
        return signal == 0 ? "it exited with status \(status >> 8 & 0xFF)" : "it was killed by signal \(signal)"
    }

    private static func reap() {
        children.withLock { children in
            children.removeAll { child in
                var status: Int32 = 0
                return waitpid(child, &status, WNOHANG) != 0
            }
        }
    }

    // MARK: Helpers

    /// The same descriptor, close-on-exec, out of the way of those that the program gets.
    private static func lift(_ descriptor: Int32) -> Int32 {
        let lifted = fcntl(descriptor, F_DUPFD_CLOEXEC, 10)
        guard lifted >= 0 else { return descriptor }
        _ = close(descriptor)
        return lifted
    }

    static func listens(_ path: String) -> Bool {
        guard let descriptor = connection(to: path) else { return false }
        _ = close(descriptor)
        return true
    }

    /// A connection to a local socket; nil when nobody listens there.
    static func connection(to path: String) -> Int32? {
        #if canImport(Glibc)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        if fits { withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) } }
        let isConnected =
            fits
            && withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
        if isConnected { return descriptor }
        _ = close(descriptor)
        return nil
    }

    private static func systemReason() -> String { String(cString: strerror(errno)) }
}
