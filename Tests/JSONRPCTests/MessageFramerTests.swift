import JSONRPC
import Testing

@Suite struct MessageFramerTests {
    static let messages = [
        #"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#, "{}", "[]", #"{"text":"é€𝄞"}"#,
        #"{"a":"Content-Length: 3\r\n\r\n"}"#,
    ].map { Array($0.utf8) }

    /// Everything a framer gives for a stream delivered in pieces.
    static func events(
        _ pieces: [ArraySlice<UInt8>], _ framing: Framing, limits: FramingLimits = .default
    ) -> [TransportEvent] {
        var framer = MessageFramer(framing: framing, limits: limits)
        var events: [TransportEvent] = []
        for piece in pieces {
            framer.append(piece)
            while let event = framer.next() { events.append(event) }
        }
        if let last = framer.finish() { events.append(last) }
        return events
    }

    static func events(_ text: String, _ framing: Framing, limits: FramingLimits = .default) -> [TransportEvent] {
        events([Array(text.utf8)[...]], framing, limits: limits)
    }

    @Test(arguments: [Framing.contentLength, .newline], [true, false])
    func splitAtEveryByte(_ framing: Framing, _ isDetected: Bool) {
        let stream = Self.messages.flatMap { framing.frame($0) }
        let expected = Self.messages.map { TransportEvent.message($0) }
        let framing = isDetected ? .detect : framing
        for split in 0...stream.count {
            #expect(Self.events([stream[..<split], stream[split...]], framing) == expected)
        }
        #expect(Self.events(stream.indices.map { stream[$0...$0] }, framing) == expected)
        #expect(Self.events([stream[...]], framing) == expected)
    }

    @Test func detection() {
        var framer = MessageFramer(framing: .detect)
        framer.append(Array("\r\n \t".utf8))
        #expect(framer.next() == nil)
        #expect(framer.resolvedFraming == nil)
        framer.append(Array("c".utf8))
        #expect(framer.next() == nil)
        #expect(framer.resolvedFraming == .contentLength)

        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        for split in 0...4 {
            let stream = mark + Array("[1]\n".utf8)
            #expect(Self.events([stream[..<split], stream[split...]], .detect) == [.message(Array("[1]".utf8))])
        }
        #expect(Self.events("hello\n", .detect).first?.isUnrecoverable == true)
        #expect(Self.events("", .detect).isEmpty)
        #expect(Self.events(" \n", .detect).isEmpty)
    }

    @Test(arguments: [
        "Content-Length: 2\n\n{}", "content-length:2\r\n\r\n{}", "CONTENT-LENGTH:\t 2 \r\n\r\n{}",
        "Content-Length: 2\r\n\n{}",
        "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}",
        "Content-Length: 002\r\nX-Other: a:b\r\n\r\n{}", "\r\n\r\nContent-Length: 2\r\n\r\n{}\n",
    ])
    func lenientHeaders(_ text: String) {
        #expect(Self.events(text, .contentLength) == [.message(Array("{}".utf8))])
    }

    @Test func emptyBodyIsAMessage() {
        #expect(
            Self.events("Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\n1", .contentLength)
                == [.message([]), .message([0x31])])
    }

    @Test(arguments: [
        "Content-Length: -1\r\n\r\n", "Content-Length: +2\r\n\r\n{}", "Content-Length: 0x2\r\n\r\n{}",
        "Content-Length: \r\n\r\n",
        "Content-Length: 2.0\r\n\r\n{}", "Content-Length: 99999999999999999999999\r\n\r\n", "X-Other: 2\r\n\r\n{}",
        "Content-Length: 9223372036854775807\r\n\r\n{}", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Length: 2\r\nContent-Length: x\r\n\r\n{}", "no colon here\r\n\r\n{}", "{}\n\n",
        "Content-Length: 2 2\r\n\r\n{}",
    ])
    func hopelessHeaders(_ text: String) {
        let events = Self.events(text + "Content-Length: 2\r\n\r\n{}", .contentLength)
        #expect(events.count == 1)
        #expect(events.first?.isUnrecoverable == true)
    }

    @Test(arguments: [
        "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "stray log line\nContent-Length: 3\r\n\r\nabc",
        "Content-Length: 101\r\n\r\n" + String(repeating: "x", count: 101),
    ])
    func recoversWhereTheNextMessageIsKnown(_ text: String) {
        let stream = Array((text + "Content-Length: 2\r\n\r\n{}").utf8)
        let limits = FramingLimits(maxBodyBytes: 100)
        for split in 0...stream.count {
            let events = Self.events([stream[..<split], stream[split...]], .contentLength, limits: limits)
            #expect(events.count == 2)
            #expect(events.first?.isRecoverable == true)
            #expect(events.last == .message(Array("{}".utf8)))
        }
    }

    @Test func lengthLimit() {
        let limits = FramingLimits(maxBodyBytes: 100)
        let body = String(repeating: "x", count: 100)
        #expect(
            Self.events("Content-Length: 100\r\n\r\n\(body)", .contentLength, limits: limits) == [
                .message(Array(body.utf8))
            ])
        let nonsense = Self.events("Content-Length: 5000\r\n\r\n", .contentLength, limits: limits)
        #expect(nonsense.first?.isUnrecoverable == true)
    }

    @Test func headerLimit() {
        let limits = FramingLimits(maxHeaderBytes: 64)
        let padding = "X: " + String(repeating: "x", count: 38)
        let fitting = "\(padding)\r\nContent-Length: 2\r\n\r\n{}"
        #expect(Self.events(fitting, .contentLength, limits: limits) == [.message(Array("{}".utf8))])
        for endless in ["X: " + String(repeating: "x", count: 100), String(repeating: "X: y\r\n", count: 20)] {
            let bytes = Array(endless.utf8)
            for pieces in [[bytes[...]], bytes.indices.map { bytes[$0...$0] }] {
                let events = Self.events(pieces, .contentLength, limits: limits)
                #expect(events == [.malformed("a message header exceeds 64 bytes", recoverable: false)])
            }
        }
    }

    @Test(arguments: [
        "C", "Content-Length: 5", "Content-Length: 5\r\n", "Content-Length: 5\r\n\r\n", "Content-Length: 5\r\n\r\n1234",
    ])
    func truncatedAtEnd(_ text: String) {
        #expect(
            Self.events(text, .contentLength) == [.malformed("the stream ended inside a message", recoverable: false)])
    }

    @Test func lines() {
        #expect(
            Self.events("{}\r\n\n  \r\n [1] \n\"é\"", .newline)
                == ["{}", "[1]", "\"é\""].map { .message(Array($0.utf8)) })
    }

    @Test func lineLimit() {
        let limits = FramingLimits(maxBodyBytes: 10)
        let long = String(repeating: "x", count: 11)
        for text in ["\(long)\n{}\n", "\(long)\(long)\(long)\n{}\n", "1234567890\n\(long)\n{}\n"] {
            let bytes = Array(text.utf8)
            for pieces in [[bytes[...]], bytes.indices.map { bytes[$0...$0] }] {
                let events = Self.events(pieces, .newline, limits: limits)
                #expect(events.filter { $0.isRecoverable }.count == 1)
                #expect(events.last == .message(Array("{}".utf8)))
            }
        }
        #expect(Self.events("1234567890\n", .newline, limits: limits) == [.message(Array("1234567890".utf8))])
    }

    @Test func writesStrictly() {
        #expect(Framing.contentLength.frame(Array("\"é\"".utf8)) == Array("Content-Length: 4\r\n\r\n\"é\"".utf8))
        #expect(Framing.newline.frame(Array("{}".utf8)) == Array("{}\n".utf8))
    }
}

extension TransportEvent {
    var isUnrecoverable: Bool {
        if case .malformed(_, recoverable: false) = self { true } else { false }
    }

    var isRecoverable: Bool {
        if case .malformed(_, recoverable: true) = self { true } else { false }
    }
}
