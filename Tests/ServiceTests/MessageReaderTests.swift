import Testing

@testable import WebSocket

@Suite struct MessageReaderTests {
    private func reader(_ role: WebSocketRole = .server, max: Int = 1 << 20, binary: Bool = false) -> MessageReader {
        MessageReader(role: role, maxMessageBytes: max, acceptsBinary: binary)
    }

    /// What `bytes` give when they come in pieces of `step`.
    private func read(
        _ bytes: [UInt8], step: Int = .max, with reader: MessageReader
    ) -> ([MessageReader.Event], MessageReader.Violation?) {
        var reader = reader
        var events: [MessageReader.Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(step))
            rest = rest.dropFirst(step)
            do throws(MessageReader.Violation) {
                // `withUnsafeBytes` rethrows untyped, so the error is carried out by hand.
                var violation: MessageReader.Violation?
                piece.withUnsafeBytes { bytes in
                    do throws(MessageReader.Violation) { try reader.read(bytes, into: &events) } catch {
                        violation = error
                    }
                }
                if let violation { throw violation }
            } catch {
                return (events, error)
            }
        }
        return (events, nil)
    }

    private func text(_ string: String) -> MessageReader.Event {
        .message(WebSocketMessage(isText: true, bytes: Array(string.utf8)))
    }

    @Test func everySplitGivesTheSame() {
        let long = String(repeating: "abcdefg€", count: 40)
        let stream =
            RawClient.frame(0x81, Array("häl€o😀".utf8))
            + RawClient.frame(0x01, Array("fra".utf8)) + RawClient.frame(0x89, [1, 2, 3])
            + RawClient.frame(0x00, Array("gm".utf8)) + RawClient.frame(0x80, Array("ent".utf8))
            + RawClient.frame(0x81, Array(long.utf8)) + RawClient.frame(0x81, []) + RawClient.frame(0x8A, [])
            + RawClient.frame(0x88, [0x03, 0xE8] + Array("bye".utf8))
        let expected: [MessageReader.Event] = [
            text("häl€o😀"), .ping([1, 2, 3]), text("fragment"), text(long), text(""), .pong([]),
            .close(code: .normal, reason: "bye"),
        ]
        for step in 1...stream.count {
            let (events, violation) = read(stream, step: step, with: reader())
            #expect(violation == nil)
            #expect(events == expected, "in pieces of \(step)")
        }
    }

    @Test func aCharacterMayBeSplitBetweenFragments() {
        let euro = Array("€".utf8)
        let stream =
            RawClient.frame(0x01, [euro[0]]) + RawClient.frame(0x00, [euro[1]]) + RawClient.frame(0x80, [euro[2]])
        #expect(read(stream, with: reader()).0 == [text("€")])
    }

    @Test func clientsTakeUnmaskedFrames() {
        let (events, violation) = read(RawClient.frame(0x81, Array("x".utf8), masked: false), with: reader(.client))
        #expect(violation == nil)
        #expect(events == [text("x")])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
        var code: WebSocketCloseCode
    }

    static let bad: [Bad] = [
        Bad(testDescription: "reserved bit", bytes: RawClient.frame(0xC1, []), code: .protocolError),
        Bad(testDescription: "opcode 3", bytes: RawClient.frame(0x83, []), code: .protocolError),
        Bad(testDescription: "opcode 11", bytes: RawClient.frame(0x8B, []), code: .protocolError),
        Bad(testDescription: "not masked", bytes: RawClient.frame(0x81, [65], masked: false), code: .protocolError),
        Bad(testDescription: "fragmented ping", bytes: RawClient.frame(0x09, []), code: .protocolError),
        Bad(
            testDescription: "long ping", bytes: RawClient.frame(0x89, [UInt8](repeating: 0, count: 126)),
            code: .protocolError),
        Bad(testDescription: "stray continuation", bytes: RawClient.frame(0x80, []), code: .protocolError),
        Bad(
            testDescription: "text inside text", bytes: RawClient.frame(0x01, [65]) + RawClient.frame(0x81, [65]),
            code: .protocolError),
        Bad(testDescription: "binary", bytes: RawClient.frame(0x82, [1]), code: .unsupportedData),
        Bad(
            testDescription: "length with its highest bit", bytes: [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            code: .protocolError),
        Bad(testDescription: "length not shortest", bytes: [0x81, 0xFE, 0, 5, 1, 2, 3, 4], code: .protocolError),
        Bad(
            testDescription: "huge length", bytes: [0x81, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            code: .messageTooBig),
        Bad(
            testDescription: "over the limit", bytes: RawClient.frame(0x81, [UInt8](repeating: 65, count: 101)),
            code: .messageTooBig),
        Bad(
            testDescription: "fragments over the limit",
            bytes: RawClient.frame(0x01, [UInt8](repeating: 65, count: 60))
                + RawClient.frame(0x80, [UInt8](repeating: 65, count: 60)), code: .messageTooBig),
        Bad(testDescription: "half a close code", bytes: RawClient.frame(0x88, [3]), code: .protocolError),
        Bad(testDescription: "close 1005", bytes: RawClient.frame(0x88, [0x03, 0xED]), code: .protocolError),
        Bad(testDescription: "close 999", bytes: RawClient.frame(0x88, [0x03, 0xE7]), code: .protocolError),
        Bad(testDescription: "close 2000", bytes: RawClient.frame(0x88, [0x07, 0xD0]), code: .protocolError),
        Bad(testDescription: "close reason", bytes: RawClient.frame(0x88, [0x03, 0xE8, 0xFF]), code: .invalidPayload),
        Bad(testDescription: "cut character", bytes: RawClient.frame(0x81, [0xE2, 0x82]), code: .invalidPayload),
    ]

    @Test(arguments: bad) func violations(_ bad: Bad) {
        for step in [1, Int.max] {
            let (events, violation) = read(bad.bytes, step: step, with: reader(max: 100))
            #expect(violation?.code == bad.code)
            #expect(events.isEmpty)
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x28, 0xA1],
            Array("12345678".utf8) + [0xC3, 0x28], Array("1234567".utf8) + [0xFE],
        ] as [[UInt8]]) func invalidUTF8(_ bytes: [UInt8])
    {
        for step in [1, 3, Int.max] {
            let (_, violation) = read(RawClient.frame(0x81, bytes), step: step, with: reader())
            #expect(violation?.code == .invalidPayload)
        }
    }

    @Test(arguments: ["", "plain", "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}", "\u{D7FF}\u{E000}", "a\0b"])
    func validUTF8(_ string: String) {
        #expect(read(RawClient.frame(0x81, Array(string.utf8)), step: 1, with: reader()).0 == [text(string)])
    }

    /// A bad byte is noticed before the frame is complete.
    @Test func failsFast() {
        let frame = RawClient.frame(0x81, [0xFF] + [UInt8](repeating: 65, count: 1000))
        #expect(read(Array(frame.prefix(20)), with: reader()).1?.code == .invalidPayload)
    }
}
