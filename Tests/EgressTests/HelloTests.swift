import NIOCore
import NIOEmbedded
import NIOSSL
import TestSupport
import Testing

@testable import Egress

@Suite struct HelloTests {
    enum Outcome: Equatable {
        case hello(ClientHello, rest: Int)
        case incomplete
        case refused(ClientHelloError)
    }

    static func read(_ bytes: [UInt8], cutAt cuts: [Int] = [], isRetry: Bool = false) -> Outcome {
        var reader = ClientHelloReader(limit: 32 << 10, isRetry: isRetry)
        var buffer = ByteBuffer()
        var start = 0
        for end in cuts + [bytes.count] {
            buffer.writeBytes(bytes[start..<end])
            start = end
            do throws(ClientHelloError) {
                if let hello = try reader.read(&buffer) {
                    let rest = buffer.readableBytes + bytes.count - start
                    if !bytes.starts(with: reader.taken) || reader.taken.count != bytes.count - rest {
                        Issue.record("the reader took other bytes than it was given")
                    }
                    return .hello(hello, rest: rest)
                }
            } catch {
                return .refused(error)
            }
        }
        return .incomplete
    }

    /// A hello of BoringSSL's.
    static func real(_ name: String?) throws -> [UInt8] {
        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
        channel.connect(to: try .init(ipAddress: "127.0.0.1", port: 1), promise: nil)
        var bytes: [UInt8] = []
        while let piece = try channel.readOutbound(as: ByteBuffer.self) { bytes += piece.readableBytesView }
        return bytes
    }

    static func made(extensions: [UInt8], version: UInt8 = 1) -> [UInt8] {
        let body: [UInt8] =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0x13, 0x01, 1, 0]
            + [UInt8(extensions.count >> 8), UInt8(extensions.count & 255)] + extensions
        let message: [UInt8] = [1, 0, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
        return record(message)
    }

    static func record(_ content: [UInt8], type: UInt8 = 22) -> [UInt8] {
        [type, 3, 1, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }

    static func serverName(_ name: String) -> [UInt8] {
        let count = UInt8(name.utf8.count)
        return [0, 0, 0, count + 5, 0, count + 3, 0, 0, count] + Array(name.utf8)
    }

    @Test func readsARealHelloHoweverItIsSplit() throws {
        let bytes = try Self.real("api.example")
        let expected = Outcome.hello(
            ClientHello(serverName: Array("api.example".utf8), isEncrypted: false), rest: 3)
        for cut in 0...bytes.count where Self.read(bytes + [1, 2, 3], cutAt: [cut]) != expected {
            Issue.record("cut at \(cut)")
        }
        #expect(Self.read(bytes + [1, 2, 3], cutAt: Array(0...bytes.count)) == expected)
        #expect(Self.read(try Self.real(nil)) == .hello(ClientHello(serverName: nil, isEncrypted: false), rest: 0))
        // Over several records, at every place.
        let message = Array(bytes[5...])
        for cut in 1..<message.count {
            let fragments = Self.record(Array(message[..<cut])) + Self.record(Array(message[cut...]))
            if Self.read(fragments + [1, 2, 3]) != expected { Issue.record("fragmented at \(cut)") }
        }
        #expect(Self.read(Array(bytes.dropLast())) == .incomplete)
    }

    @Test func seesEncryptedHellos() {
        let outer = Self.serverName("front.example")
        for type: [UInt8] in [[0xFE, 0x0D], [0xFF, 0x02], [0xFF, 0x03]] {
            #expect(
                Self.read(Self.made(extensions: outer + type + [0, 1, 0]))
                    == .hello(ClientHello(serverName: Array("front.example".utf8), isEncrypted: true), rest: 0))
        }
    }

    @Test func refusesWhatIsNoHello() {
        #expect(Self.read(Array("GET / HTTP/1.1\r\n".utf8)) == .refused(.notTLS))
        #expect(Self.read(Array("SSH-2.0-x\r\n".utf8)) == .refused(.notTLS))
        #expect(Self.read([0x80, 0x2E, 1, 3, 1]) == .refused(.notTLS))
        #expect(Self.read([22, 3, 1, 0, 0]) == .refused(.notTLS))
        #expect(Self.read([22, 3, 1, 0xFF, 0xFF]) == .refused(.notTLS))
        #expect(Self.read(Self.record([2, 0, 0, 0])) == .refused(.malformed))
        #expect(Self.read(Self.record([1, 0xFF, 0, 0])) == .refused(.tooLarge))
        // A second message in the record of the first would pass unread.
        let good = Self.made(extensions: Self.serverName("a.example"))
        #expect(Self.read(Self.record(Array(good[5...]) + Array(good[5...]))) == .refused(.malformed))
        // Two names, one name twice, and a name of another type.
        let two = Self.serverName("a.example") + Self.serverName("b.example")
        #expect(Self.read(Self.made(extensions: two)) == .refused(.malformed))
        #expect(
            Self.read(Self.made(extensions: [0, 0, 0, 10, 0, 8, 0, 0, 1, 0x61, 0, 0, 1, 0x62])) == .refused(.malformed))
        #expect(Self.read(Self.made(extensions: [0, 0, 0, 6, 0, 4, 1, 0, 1, 0x61])) == .refused(.malformed))
        #expect(Self.read(Self.made(extensions: [0, 0, 0, 0])) == .refused(.malformed))
        #expect(Self.read(Self.record([1], type: 23)) == .refused(.notTLS))
    }

    @Test func aSecondHelloComesAfterOtherRecords() {
        let good = Self.made(extensions: Self.serverName("a.example"))
        let hello = ClientHello(serverName: Array("a.example".utf8), isEncrypted: false)
        let early = Self.record([1], type: 20) + Self.record([9, 9, 9], type: 23)
        #expect(Self.read(early + good, isRetry: true) == .hello(hello, rest: 0))
        #expect(Self.read(early + good) == .refused(.notTLS))
        #expect(Self.read(Self.record([2, 40], type: 21), isRetry: true) == .refused(.malformed))
    }

    @Test func refusesOtherServerNames() throws {
        let rule = EgressRule(id: "r", scheme: .https, host: "*.example", port: 443)
        let target = EgressTarget(host: .name("api.example"), port: 443)
        func refusal(
            _ name: String?, encrypted: Bool = false, _ rule: EgressRule = rule, _ target: EgressTarget = target
        )
            -> EgressReason?
        {
            ProxyConnection.refusal(
                of: ClientHello(serverName: name.map { Array($0.utf8) }, isEncrypted: encrypted), for: target, rule)
        }
        #expect(refusal("API.example") == nil)
        #expect(refusal("b.example") == .serverNameMismatch)
        #expect(refusal("api.example\0.evil") == .serverNameMismatch)
        #expect(refusal(nil) == .serverNameMissing)
        #expect(refusal("api.example", encrypted: true) == .encryptedHello)
        var lax = rule
        lax.allowMissingServerName = true
        lax.allowEncryptedHello = true
        #expect(refusal(nil, lax) == nil)
        #expect(refusal("api.example", encrypted: true, lax) == nil)
        #expect(refusal("b.example", encrypted: true, lax) == .serverNameMismatch)
        let address = EgressTarget(host: .address(.v4(0x0808_0808)), port: 443)
        #expect(refusal(nil, rule, address) == nil)
        #expect(refusal("api.example", rule, address) == .serverNameMismatch)
    }

    @Test(arguments: 0..<8) func mutatedHellosAreReadTheSameInAnyPieces(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let samples = [
            try Self.real("api.example"), Self.made(extensions: Self.serverName("a.example") + [0xFE, 0x0D, 0, 1, 0]),
            Self.made(extensions: []),
        ]
        for _ in 0..<200 {
            var bytes = samples.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default: bytes.remove(at: place)
                }
            }
            let cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            let whole = Self.read(bytes)
            if Self.read(bytes, cutAt: cuts) != whole { Issue.record("\(bytes) cut at \(cuts)") }
        }
    }

    @Test func seesAServersRetry() {
        let hello: [UInt8] = [22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3]
        var flight = ServerFirstFlight()
        #expect(flight.look(at: ByteBuffer(bytes: hello)) == .needsMore)
        #expect(flight.look(at: ByteBuffer(bytes: ServerFirstFlight.retryRandom + [0])) == .retry)
        var other = ServerFirstFlight()
        #expect(other.look(at: ByteBuffer(bytes: hello + [UInt8](repeating: 1, count: 32))) == .other)
        var alert = ServerFirstFlight()
        #expect(alert.look(at: ByteBuffer(bytes: [21, 3, 3, 0, 2, 2, 40])) == .other)
    }
}
