import JSONRPC
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct MessageFramerFuzzTests {
    /// Damaged streams: however they are cut into pieces, the events are the same, and nothing follows an
    /// unrecoverable one. A few rounds always; many with COFFERDAM_LONG_TESTS=1.
    @Test func piecesDoNotMatter() {
        let isLong = getenv("COFFERDAM_LONG_TESTS").map { String(cString: $0) } == "1"
        let seed = isLong ? UInt64.random(in: 1 ... .max) : 3
        if isLong { print("framer fuzz seed: \(seed)") }
        var random = Random(state: seed)
        let limits = FramingLimits(maxHeaderBytes: 60, maxBodyBytes: 40)
        for _ in 0..<(isLong ? 200_000 : 2000) {
            let framing: Framing = [.contentLength, .newline, .detect][Int.random(in: 0..<3, using: &random)]
            let stream = damagedStream(using: &random)
            let whole = MessageFramerTests.events([stream[...]], framing, limits: limits)
            let bytewise = MessageFramerTests.events(stream.indices.map { stream[$0...$0] }, framing, limits: limits)
            if whole != bytewise {
                Issue.record(
                    "seed \(seed): \(framing) \(String(decoding: stream, as: UTF8.self).debugDescription): \(whole) \(bytewise)"
                )
            }
            if whole.dropLast().contains(where: \.isUnrecoverable) {
                Issue.record("seed \(seed): \(framing) \(stream)")
            }
        }
    }

    private func damagedStream(using random: inout Random) -> [UInt8] {
        var stream: [UInt8] = []
        let framing: Framing = Bool.random(using: &random) ? .contentLength : .newline
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let length = Int.random(in: 0...45, using: &random)
            stream += framing.frame((0..<length).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) })
        }
        let telling = Array("C:-0129\r\n {[".utf8) + [0, 0xEF, 0xBB, 0xBF]
        for _ in 0..<Int.random(in: 0...4, using: &random) where !stream.isEmpty {
            let place = Int.random(in: 0..<stream.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: stream[place] = telling[Int.random(in: 0..<telling.count, using: &random)]
            case 1: stream.remove(at: place)
            default: stream.insert(telling[Int.random(in: 0..<telling.count, using: &random)], at: place)
            }
        }
        return stream
    }

    /// SplitMix64.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
