import JSON
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct PropertyTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func parsingUndoesWriting(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let value = JSON.random(depth: 4, using: &random)
            for options in [[], .pretty, .sortedKeys, [.pretty, .sortedKeys]] as [JSONWriteOptions] {
                #expect(try JSON(parsing: value.serialized(options)) == value)
            }
            #expect(value.serialized() == (try JSON(parsing: value.serialized(.pretty))).serialized())
        }
    }

    @Test func codingPassesValuesThrough() throws {
        var random = SeededGenerator(seed: 99)
        for _ in 0..<200 {
            let value = JSON.random(depth: 4, using: &random)
            #expect(try JSONCoder.encode(value) == value)
            #expect(try JSONCoder.decode(JSON.self, from: value) == value)
        }
    }

    /// Random damage to valid texts: the parser must give a value that survives a round trip, or an error inside the
    /// text. A few rounds always; many with COFFERDAM_LONG_TESTS=1.
    @Test func survivesDamagedTexts() throws {
        let isLong = getenv("COFFERDAM_LONG_TESTS").map { String(cString: $0) } == "1"
        let seed = isLong ? UInt64.random(in: 1 ... .max) : 20
        if isLong { print("JSON fuzz seed: \(seed)") }
        var random = SeededGenerator(seed: seed)
        for _ in 0..<(isLong ? 300_000 : 3000) {
            var bytes = JSON.random(depth: 3, using: &random).serialized(
                Bool.random(using: &random) ? .compact : .pretty)
            damage(&bytes, using: &random)
            do {
                let value = try JSON(parsing: bytes)
                let again = try JSON(parsing: value.serialized())
                if again != value { Issue.record("seed \(seed): \(bytes) does not survive") }
            } catch {
                if error.byteOffset > bytes.count || error.line < 1 { Issue.record("seed \(seed): \(error)") }
            }
        }
    }

    private func damage(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        let telling = Array("{}[]\",:\\u0123eE.+-tfn \n".utf8) + [0, 0x1F, 0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let byte = telling[Int.random(in: 0..<telling.count, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.insert(byte, at: place)
            case 1: bytes.removeSubrange(place..<min(place + Int.random(in: 1...3, using: &random), bytes.count))
            case 2 where place < bytes.count: bytes[place] = byte
            default: bytes.removeSubrange(place...)
            }
        }
    }
}
