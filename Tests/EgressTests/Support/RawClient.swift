import Glibc
import NIOPosix
import TestSupport

/// Runs blocking code of a test where it blocks nothing that the gateway needs.
func offLoop<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(body)
}

/// A client that sends exactly what it is told, on a blocking socket.
final class RawClient: Sendable {
    private let descriptor: Int32

    /// - Parameter patience: seconds to wait for bytes.
    init(port: Int, patience: Double = 60) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // So that a test fails rather than hangs.
        var limit = timeval(tv_sec: Int(patience), tv_usec: Int(patience * 1e6) % 1_000_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let code = withUnsafeBytes(of: &address) { bytes in
            connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        guard code == 0 else { throw HostFailure(errno) }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw HostFailure(errno) }
            rest = rest.dropFirst(count)
        }
    }

    func resetsOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What there is up to the end of the connection, however that comes.
    func readToEnd() -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = receive(64 << 10), !more.isEmpty { bytes += more }
        return bytes
    }

    func readTextToEnd() -> String { String(decoding: readToEnd(), as: UTF8.self) }

    /// Exactly this many bytes, or fewer at the end of the connection.
    func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let more = receive(count - bytes.count), !more.isEmpty { bytes += more }
        return bytes
    }

    /// One byte after the other up to the end of a head.
    func readHead() -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8), let more = receive(1), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func receive(_ most: Int) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &buffer, most, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }
}
