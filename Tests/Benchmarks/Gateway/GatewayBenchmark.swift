import Glibc
import JSON

/// Carries the same bytes directly and through the gateway, in turn.
struct GatewayBenchmark {
    let host: Host
    /// Of the gateway's HTTP proxy.
    let proxyPort: UInt16
    private var buffer = [UInt8](repeating: 1, count: Host.block)

    init(host: Host, proxyPort: UInt16) {
        self.host = host
        self.proxyPort = proxyPort
    }

    /// All samples: throughput in megabytes (10⁶ bytes) a second, times in microseconds.
    mutating func run() -> JSON {
        let connections = (direct: open(throughGateway: false), gateway: open(throughGateway: true))
        return [
            "download": sideBySide(7) { $0.download($1) },
            "upload": sideBySide(7) { $0.upload($1) },
            "roundTrip": sideBySide(2001) { $0.roundTrip($1 ? connections.gateway : connections.direct) },
            "connect": sideBySide(201) { $0.connect($1) },
        ]
    }

    /// Both ways in turn, so that whatever else the machine does is the same for both.
    private mutating func sideBySide(_ count: Int, _ measure: (inout Self, Bool) -> Double) -> JSON {
        _ = (measure(&self, false), measure(&self, true))
        var direct: [JSON] = []
        var gateway: [JSON] = []
        for _ in 0..<count {
            direct.append(.number(JSONNumber(measure(&self, false))))
            gateway.append(.number(JSONNumber(measure(&self, true))))
        }
        return ["direct": .array(direct), "gateway": .array(gateway)]
    }

    /// A connection on which the host listens, directly or through the gateway.
    private func open(throughGateway: Bool) -> Int32 {
        guard throughGateway else { return Sockets.connect(host.port) }
        let descriptor = Sockets.connect(proxyPort)
        Sockets.write(descriptor, "CONNECT host.test:\(host.port) HTTP/1.1\r\nHost: host.test:\(host.port)\r\n\r\n")
        var answer = [UInt8](repeating: 0, count: 39)
        Sockets.check(recv(descriptor, &answer, answer.count, Int32(MSG_WAITALL)) == answer.count, "answer")
        Sockets.check(answer.suffix(4).elementsEqual("\r\n\r\n".utf8), "CONNECT")
        return descriptor
    }

    private func command(_ descriptor: Int32, _ byte: UInt8) {
        var byte = byte
        Sockets.check(send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) == 1, "command")
    }

    private mutating func download(_ throughGateway: Bool) -> Double {
        let descriptor = open(throughGateway: throughGateway)
        defer { close(descriptor) }
        var total = 0
        let start = ContinuousClock.now
        command(descriptor, Host.download)
        while case let count = recv(descriptor, &buffer, Host.block, 0), count > 0 { total += count }
        let time = microseconds(since: start)
        Sockets.check(total == Host.amount, "download of \(total) bytes")
        return Double(total) / time
    }

    private mutating func upload(_ throughGateway: Bool) -> Double {
        let descriptor = open(throughGateway: throughGateway)
        defer { close(descriptor) }
        let start = ContinuousClock.now
        command(descriptor, Host.upload)
        for _ in 0..<Host.amount / Host.block {
            Sockets.check(buffer.withUnsafeBytes { Sockets.write(descriptor, $0) }, "upload")
        }
        shutdown(descriptor, Int32(SHUT_WR))
        Sockets.check(recv(descriptor, &buffer, 1, 0) == 1, "answer to the upload")
        return Double(Host.amount) / microseconds(since: start)
    }

    private mutating func roundTrip(_ descriptor: Int32) -> Double {
        let start = ContinuousClock.now
        command(descriptor, Host.echo)
        Sockets.check(recv(descriptor, &buffer, 1, 0) == 1, "echo")
        return microseconds(since: start)
    }

    /// From nothing to the first byte back.
    private mutating func connect(_ throughGateway: Bool) -> Double {
        let start = ContinuousClock.now
        let descriptor = open(throughGateway: throughGateway)
        _ = roundTrip(descriptor)
        let time = microseconds(since: start)
        close(descriptor)
        return time
    }

    private func microseconds(since start: ContinuousClock.Instant) -> Double {
        (ContinuousClock.now - start) / .microseconds(1)
    }
}
