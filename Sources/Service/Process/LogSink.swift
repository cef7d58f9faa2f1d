import Synchronization
import WebSocket

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where log lines go. Lines of different threads do not mix.
public final class LogSink: Sendable {
    private struct State {
        var descriptor: Int32
        var size: Int
    }

    /// A log file this big becomes `….1`, in place of the one before, and a new one begins.
    public static let rotateAtBytes = 10 << 20

    private let state: Mutex<State>
    private let path: String?
    private let rotateAt: Int

    private init(descriptor: Int32, path: String?, size: Int, rotateAt: Int) {
        state = Mutex(State(descriptor: descriptor, size: size))
        self.path = path
        self.rotateAt = rotateAt
    }

    public static let discard = LogSink(descriptor: -1, path: nil, size: 0, rotateAt: .max)
    public static let standardError = LogSink(descriptor: STDERR_FILENO, path: nil, size: 0, rotateAt: .max)

    /// Appends to a file, mode 0600, and rotates it.
    public static func file(_ path: String, rotateAt: Int = LogSink.rotateAtBytes) throws(ConfigurationError) -> LogSink
    {
        guard let (descriptor, size) = openFile(path) else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        return LogSink(descriptor: descriptor, path: path, size: size, rotateAt: rotateAt)
    }

    func write(_ line: [UInt8]) {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            var rest = line[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Self.systemWrite(state.descriptor, $0) }
                if count < 0, errno == EINTR { continue }
                // A full disk must not stop the service.
                guard count > 0 else { break }
                rest = rest.dropFirst(count)
            }
            state.size += line.count
            if let path, state.size >= rotateAt { rotate(path, &state) }
        }
    }

    private func rotate(_ path: String, _ state: inout State) {
        _ = rename(path, path + ".1")
        guard let (descriptor, size) = Self.openFile(path) else {
            state.size = 0
            return
        }
        close(state.descriptor)
        state = State(descriptor: descriptor, size: size)
    }

    private static func openFile(_ path: String) -> (Int32, Int)? {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        return (descriptor, Int(status.st_size))
    }

    private static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
