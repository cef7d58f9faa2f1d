#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The pipe on which whoever started the service waits: `ready`, or `error: …` and why.
struct ReadySignal: Sendable {
    private let descriptor: Int32?

    init(_ descriptor: Int32?) {
        self.descriptor = descriptor
        // Not for the programs that the service starts: they would keep the starter waiting.
        if let descriptor { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    func ready() { finish("ready\n") }
    func failed(_ reason: String) { finish("error: \(reason)\n") }

    private func finish(_ text: String) {
        guard let descriptor else { return }
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        _ = close(descriptor)
    }
}
