import NIOCore
import TestSupport
import Testing

@testable import Egress

@Suite struct SOCKSTests {
    /// All steps of a dialogue, and how many bytes are left.
    static func read(_ bytes: [UInt8], cutAt cuts: [Int] = []) -> ([SOCKSParser.Step], rest: Int) {
        var parser = SOCKSParser()
        var steps: [SOCKSParser.Step] = []
        var buffer = ByteBuffer()
        var start = 0
        for end in cuts + [bytes.count] {
            buffer.writeBytes(bytes[start..<end])
            start = end
            reading: while true {
                let step = parser.read(&buffer)
                switch step {
                case .needsMore: break reading
                case .reply: steps.append(step)
                case .connect, .refuse:
                    return (steps + [step], buffer.readableBytes + bytes.count - start)
                }
            }
        }
        return (steps, 0)
    }

    private static let greeting: [UInt8] = [5, 2, 1, 0]

    private static func named(_ name: String, command: UInt8 = 1) -> [UInt8] {
        greeting + [5, command, 0, 3, UInt8(name.utf8.count)] + Array(name.utf8) + [1, 0xBB]
    }

    private static func code(_ bytes: [UInt8]) -> UInt8? {
        guard case .refuse(let reply, _, _, _)? = read(bytes).0.last, reply.count > 1 else { return nil }
        return reply[1]
    }

    @Test func readsNamesAndAddressesHoweverSplit() {
        let reply = SOCKSParser.Step.reply([5, 0])
        let cases: [([UInt8], EgressHost)] = [
            (Self.named("Api.example."), .name("api.example")),
            (Self.greeting + [5, 1, 0, 1, 127, 0, 0, 1, 1, 0xBB], .address(.v4(0x7F00_0001))),
            (
                Self.greeting + [5, 1, 0, 4] + [UInt8](repeating: 0, count: 15) + [1, 1, 0xBB],
                .address(.v6(high: 0, low: 1))
            ),
            (Self.named("10.0.0.1"), .address(.v4(0x0A00_0001))),
        ]
        for (bytes, host) in cases {
            let steps = [reply, .connect(EgressTarget(host: host, port: 443))]
            for cut in 0...bytes.count { #expect(Self.read(bytes + [1, 2], cutAt: [cut]) == (steps, 2)) }
        }
    }

    @Test func refusesWithTheRightCode() {
        #expect(Self.code(Self.named("a.example", command: 2)) == 7)  // BIND
        #expect(Self.code(Self.named("a.example", command: 3)) == 7)  // UDP ASSOCIATE
        #expect(Self.code(Self.greeting + [5, 1, 0, 9]) == 8)
        #expect(Self.code(Self.greeting + [5, 1, 1, 3]) == 1)
        for name in ["a.example\0.evil", "127.1", "0x7f000001", "a\r\nb", "", "[::1]", "bücher.example"] {
            #expect(Self.code(Self.named(name)) == 2, "\(name.debugDescription)")
        }
        #expect(Self.read([5, 1, 2]).0 == [.refuse([5, 0xFF], .unsupported, host: "", port: 0)])
        #expect(Self.read([4, 1, 0, 80]).0 == [.refuse([], .unsupported, host: "", port: 0)])
        #expect(Self.code(Self.greeting + [5, 1, 0, 1, 8, 8, 8, 8, 0, 0]) == 2)
    }

    @Test(arguments: 0..<4) func mutatedDialoguesAreReadTheSameInAnyPieces(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var bytes = Self.named("api.example") + [9, 9]
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            if Self.read(bytes, cutAt: cuts) != Self.read(bytes) { Issue.record("\(bytes) cut at \(cuts)") }
        }
    }
}
