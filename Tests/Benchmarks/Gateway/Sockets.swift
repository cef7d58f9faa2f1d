import Glibc

/// Blocking sockets of the benchmark; whatever fails ends it.
enum Sockets {
    static func listen() -> (descriptor: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> Int32 in
                guard bind(listener, pointer, size) == 0, Glibc.listen(listener, 128) == 0 else { return -1 }
                return getsockname(listener, pointer, &size)
            }
        }
        check(code == 0, "listen")
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    static func connect(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: port)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        check(code == 0, "connect")
        noDelay(descriptor)
        return descriptor
    }

    static func noDelay(_ descriptor: Int32) {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = send(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    static func write(_ descriptor: Int32, _ text: String) {
        check(Array(text.utf8).withUnsafeBytes { write(descriptor, $0) }, "send")
    }

    static func check(_ condition: Bool, _ what: String) {
        guard !condition else { return }
        let text = Array("cofferdam-gateway-benchmark: \(what): \(String(cString: strerror(errno)))\n".utf8)
        _ = text.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(1)
    }

    /// Runs `body` for each connection, on a thread of its own.
    static func serve(_ listener: Int32, _ body: @escaping @Sendable (Int32) -> Void) {
        thread {
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                noDelay(descriptor)
                body(descriptor)
            }
        }
    }

    static func thread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }
        check(pthread_create(&thread, nil, start, Unmanaged.passRetained(Box(body)).toOpaque()) == 0, "thread")
        pthread_detach(thread)
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }
}
