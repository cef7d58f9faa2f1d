import Glibc

/// The host that is measured against: the first byte of a connection says what it does.
struct Host {
    /// Sends ``Host/amount`` bytes and closes.
    static let download: UInt8 = 0x64
    /// Takes everything up to the end, then sends one byte.
    static let upload: UInt8 = 0x75
    /// Sends every byte back.
    static let echo: UInt8 = 0x65

    static let amount = 512 << 20
    static let block = 256 << 10

    let port: UInt16

    init() {
        let listener = Sockets.listen()
        port = listener.port
        Sockets.serve(listener.descriptor) { descriptor in
            Sockets.thread {
                Self.serve(descriptor)
                close(descriptor)
            }
        }
    }

    private static func serve(_ descriptor: Int32) {
        var command: UInt8 = 0
        guard recv(descriptor, &command, 1, 0) == 1 else { return }
        var buffer = [UInt8](repeating: 7, count: block)
        switch command {
        case download:
            for _ in 0..<amount / block where !buffer.withUnsafeBytes({ Sockets.write(descriptor, $0) }) { return }
        case upload:
            while recv(descriptor, &buffer, block, 0) > 0 {}
            send(descriptor, &command, 1, Int32(MSG_NOSIGNAL))
        default:
            repeat {
                guard send(descriptor, &command, 1, Int32(MSG_NOSIGNAL)) == 1 else { return }
            } while recv(
                descriptor, &command, 1, 0) == 1
        }
    }
}
