import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The proxy ports on loopback. What connects is handed out of the sandbox as it is; nothing is read from it here.
final class ProxyPorts {
    /// Ports and the tag byte that tells them apart outside.
    private static let ports: [(number: UInt16, tag: UInt8)] = [(3128, 1), (1080, 2), (3129, 3)]
    /// Connections that are taken in one turn, so that a flood of them does not keep commands waiting.
    private static let perTurn = 32
    /// How long nothing is accepted after it failed for want of something.
    private static let pauseNanoseconds = 100_000_000

    private let door: Door
    private let listeners: [(descriptor: Int32, tag: UInt8)]
    /// The connection to the service; -1 for none.
    private var gateway: Int32 = -1
    private(set) var pausedUntil = 0

    /// Nil when the ports cannot be had.
    init?(door: Door) {
        self.door = door
        var opened: [(descriptor: Int32, tag: UInt8)] = []
        for port in Self.ports {
            guard let descriptor = Self.listen(port.number) else {
                for listener in opened { System.close(listener.descriptor) }
                return nil
            }
            opened.append((descriptor, port.tag))
        }
        listeners = opened
    }

    /// What to poll for reading.
    func descriptors(now: Int) -> [Int32] {
        let open = now < pausedUntil ? [] : listeners.map(\.descriptor)
        return open + [door.listener] + (gateway < 0 ? [] : [gateway])
    }

    func serve(_ ready: ReadyDescriptors) {
        if gateway >= 0, ready.isReadable(gateway) {
            // The service says nothing here: it is the end.
            System.close(gateway)
            gateway = -1
        }
        if ready.isReadable(door.listener) {
            while let newer = door.admit() {
                if gateway >= 0 { System.close(gateway) }
                gateway = newer
            }
        }
        for listener in listeners where ready.isReadable(listener.descriptor) { accept(listener) }
    }

    private func accept(_ listener: (descriptor: Int32, tag: UInt8)) {
        for _ in 0..<Self.perTurn {
            let connection = cspawn_accept(listener.descriptor)
            guard connection >= 0 else {
                if connection != -EAGAIN, connection != -ECONNABORTED {
                    pausedUntil = System.monotonicNanoseconds() + Self.pauseNanoseconds
                }
                return
            }
            // Without a service, or when it takes no more, the program sees its connection closed.
            if gateway >= 0 { _ = cspawn_send_descriptor(gateway, connection, listener.tag) }
            System.close(connection)
        }
    }

    private static func listen(_ port: UInt16) -> Int32? {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0, Glibc.listen(descriptor, 128) == 0 else {
            System.close(descriptor)
            return nil
        }
        return descriptor
    }
}
