import NIOCore
import Testing

@testable import WebSocket

@Suite struct FrameWriterTests {
    /// Each end reads what the other writes, at every length where the header changes.
    @Test(arguments: [0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 200_001])
    func roundTrip(_ length: Int) throws {
        let payload = (0..<length).map { UInt8(65 + $0 % 26) }
        for (writing, reading) in [(WebSocketRole.client, WebSocketRole.server), (.server, .client)] {
            var buffer = ByteBuffer()
            let writer = FrameWriter(role: writing)
            writer.write(.text, payload, into: &buffer)
            // Twice, as the second one begins inside the buffer.
            writer.write(.text, payload, into: &buffer)
            var reader = MessageReader(role: reading, maxMessageBytes: 1 << 20, acceptsBinary: false)
            var events: [MessageReader.Event] = []
            try buffer.withUnsafeReadableBytes { try reader.read($0, into: &events) }
            #expect(events == Array(repeating: .message(WebSocketMessage(isText: true, bytes: payload)), count: 2))
        }
    }

    @Test func clientsMask() {
        let payload = [UInt8](repeating: 0, count: 64)
        var frames: Set<[UInt8]> = []
        for _ in 0..<4 {
            var buffer = ByteBuffer()
            FrameWriter(role: .client).write(.text, payload, into: &buffer)
            frames.insert(Array(buffer.readableBytesView))
        }
        #expect(frames.count == 4)
    }

    @Test func closeReasonsAreCutBetweenCharacters() {
        let body = FrameWriter.closeBody(.goingAway, String(repeating: "€", count: 100))
        #expect(body.count <= 125)
        #expect(String(validating: body.dropFirst(2), as: UTF8.self) == String(repeating: "€", count: 41))
        #expect(FrameWriter.closeBody(nil, "x").isEmpty)
    }
}
