import Glibc
import TestSupport
import Testing

@testable import Egress

/// Clients that say half of something and go away, many at once.
@Suite struct DisorderTests {
    private static func dialogue(_ peer: Peer, _ authorityHello: [UInt8], using random: inout SeededGenerator)
        -> [UInt8]
    {
        let host = "plain.test:\(peer.http)"
        let get = "GET http://\(host)/chunked/200000 HTTP/1.1\r\nHost: \(host)\r\n\r\n"
        let post =
            "POST http://\(host)/echo HTTP/1.1\r\nHost: \(host)\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        func connect(_ target: String) -> String { "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n\r\n" }
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return Array((get + post + get).utf8)
        case 1: return Array((post + post).utf8)
        case 2: return Array(connect("plain.test:\(peer.echo)").utf8) + [UInt8](repeating: 7, count: 100_000)
        case 3: return Array(connect("secure.test:\(peer.https)").utf8) + authorityHello
        case 4: return Array(connect("a.secure.test:\(peer.https)").utf8) + authorityHello
        case 5: return Array((get + connect("evil.test:443") + get).utf8)
        default: return (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
    }

    @Test(arguments: 0..<4) func whateverIsOpenedIsClosedOnce(seed: UInt64) async throws {
        let peer = try Peer.shared.get()
        let rules = [
            RealPeerTests.rule("plain", .http, "plain.test", peer.http),
            RealPeerTests.rule("echo", .tcp, "plain.test", peer.echo),
            RealPeerTests.intercepting(peer), RealPeerTests.rule("opaque", .https, "a.secure.test", peer.https),
        ]
        let harness = try GatewayHarness(rules: rules, names: RealPeerTests.names, intercepts: true)
        let hello = try HelloTests.real("secure.test")
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<40 {
                group.addTask {
                    try? await offLoop {
                        var random = SeededGenerator(seed: seed << 16 | UInt64(client))
                        let bytes = Self.dialogue(peer, hello, using: &random)
                        let socket = try RawClient(port: harness.httpPort, patience: 0.05)
                        let cut = Int.random(in: 0...bytes.count, using: &random)
                        try socket.send(Array(bytes[..<cut]))
                        _ = socket.read(Int.random(in: 0...60, using: &random) * (cut / 64 & 1))
                        try socket.send(Array(bytes[cut...].prefix(Int.random(in: 0...bytes.count, using: &random))))
                        if Bool.random(using: &random) { socket.endOutput() }
                        if Bool.random(using: &random) { socket.resetsOnClose() }
                    }
                }
                if client == 20 { harness.gateway.replace(rules: Array(rules.dropFirst())) }
            }
        }
        await harness.gateway.close()
        let byId = Dictionary(grouping: harness.decisions, by: \.id)
        for (id, decisions) in byId {
            let phases = decisions.map(\.phase)
            #expect(phases == [.closed] || phases == [.opened, .closed], "\(id): \(decisions)")
        }
        #expect(!byId.isEmpty)
    }
}
