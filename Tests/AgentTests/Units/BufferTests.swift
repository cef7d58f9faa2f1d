import AgentProtocol
import TestSupport
import Testing

@testable import Agent

@Suite("Output for the model and for the log")
struct BufferTests {
    @Test(
        "A short output is kept whole; a long one keeps head and tail and says what is missing", arguments: [1, 7, 100])
    func headTail(chunk: Int) {
        let bytes = (0..<1000).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        for limit in [10, 11, 999, 1000, 1001] {
            var buffer = HeadTailBuffer(limit: limit)
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                buffer.append(Array(bytes[start..<min(start + chunk, bytes.count)]))
            }
            #expect(buffer.total == 1000)
            let all = String(decoding: bytes, as: UTF8.self)
            if limit >= 1000 {
                #expect(buffer.text == all)
            } else {
                #expect(buffer.text.hasPrefix(all.prefix(limit / 2)))
                #expect(buffer.text.hasSuffix(all.suffix(limit - limit / 2)))
                #expect(
                    buffer.text.contains("[… \(1000 - limit) bytes left out; the whole output is in the session's log"))
            }
        }
    }

    @Test("Many chunks stay in bounded memory and linear time", .timeLimit(.minutes(10)))
    func large() {
        var buffer = HeadTailBuffer(limit: 1000)
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 64)
        for _ in 0..<500_000 { buffer.append(chunk) }
        #expect(buffer.total == 32_000_000)
        #expect(buffer.text.utf8.count < 1200)
        #expect(HeadTailBuffer.capped("abc", limit: 3) == "abc")
        // What is cut here stands nowhere else, and the text does not claim so.
        let capped = HeadTailBuffer.capped(String(repeating: "y", count: 100), limit: 10)
        #expect(capped.contains("90 bytes left out") && !capped.contains("log"))
    }

    /// The stream's bytes from events, with their offsets checked.
    private func bytes(_ events: [AgentEvent]) throws -> [UInt8] {
        var all: [UInt8] = []
        for event in events {
            guard case .outputDelta(let delta) = event else { continue }
            #expect(delta.itemId == "t" && delta.stream == .stderr)
            #expect(delta.offset == all.count)
            #expect((delta.text == nil) != (delta.base64 == nil))
            if let text = delta.text {
                all += Array(text.utf8)
            } else {
                all += try #require(Base64.decode(delta.base64 ?? "?"))
            }
        }
        return all
    }

    @Test("Text split at every byte stays text, without a replaced character")
    func splitText() throws {
        let text = Array("a\u{E4}\u{20AC}\u{1F600}z\u{1F468}\u{200D}\u{1F469}".utf8)
        for first in 0...text.count {
            for second in first...text.count {
                var encoder = OutputEncoder(itemId: "t", stream: .stderr)
                var events: [AgentEvent?] = []
                for (start, end) in [(0, first), (first, second), (second, text.count)] where start < end {
                    events.append(encoder.encode(offset: start, bytes: Array(text[start..<end])))
                }
                events.append(encoder.finish())
                let all = events.compactMap { $0 }
                #expect(try bytes(all) == text)
                for case .outputDelta(let delta) in all { #expect(delta.base64 == nil) }
            }
        }
    }

    @Test("Bytes that are no text arrive all the same, in any chunks", arguments: [1, 2, 3] as [UInt64])
    func splitBytes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let interesting: [UInt8] = [0, 0x41, 0x80, 0xBF, 0xC0, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xF8, 0xFF]
        for _ in 0..<400 {
            let input = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                interesting.randomElement(using: &generator) ?? 0
            }
            var encoder = OutputEncoder(itemId: "t", stream: .stderr)
            var events: [AgentEvent?] = []
            var start = 0
            while start < input.count {
                let end = min(input.count, start + Int.random(in: 1...5, using: &generator))
                events.append(encoder.encode(offset: start, bytes: Array(input[start..<end])))
                start = end
            }
            events.append(encoder.finish())
            #expect(try bytes(events.compactMap { $0 }) == input)
        }
    }

    @Test("Base64 as of RFC 4648")
    func base64() {
        let vectors = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
        for (plain, encoded) in vectors {
            #expect(Base64.encode(Array(plain.utf8)) == encoded)
            #expect(Base64.decode(encoded) == Array(plain.utf8))
        }
        var generator = SeededGenerator(seed: 3)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        for wrong in ["Z", "Zg", "Zg=", "Z===", "====", "Zg=a", "Zm 9", "Zm9v\n", "\u{E4}\u{E4}"] {
            #expect(Base64.decode(wrong) == nil, "\(wrong)")
        }
    }
}
