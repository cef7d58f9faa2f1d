import Testing

@testable import Models

@Suite struct ServerSentEventParserTests {
    /// A stream with everything that may occur, and the events in it.
    static let corpus =
        "\u{FEFF}: a comment\n" + "data: first\n\n"  // after a byte order mark
        + "event: named\r\ndata: one\r\ndata: two\r\n\r\n"  // CRLF, several lines of data
        + "event: cr\rdata:no space\r\r"  // CR alone
        + "data:  two spaces\n\n"  // only one is removed
        + "data\n\n"  // a field without colon: empty data
        + ":\n\n"  // a comment alone is no event
        + "event: without data\n\n"  // an event without data is none either
        + "id: 7\nretry: 10\nunknown: x\ndata: Grüße 👋\n\n"
        + "data: {\"a\":\"b: c\"}\n\r\n"  // mixed line ends
        + "data: x\n\n\n\n"  // empty lines in excess
        + "event: cut\ndata: never finished\n"

    static let expected: [(String, String)] = [
        ("", "first"), ("named", "one\ntwo"), ("cr", "no space"), ("", " two spaces"), ("", ""),
        ("", "Grüße 👋"), ("", "{\"a\":\"b: c\"}"), ("", "x"),
    ]

    private func check(_ events: [ServerSentEvent], _ comment: Comment) {
        let texts = events.map {
            "\(String(decoding: $0.name, as: UTF8.self))|\(String(decoding: $0.data, as: UTF8.self))"
        }
        #expect(texts == Self.expected.map { "\($0.0)|\($0.1)" }, comment)
    }

    @Test func splitAtEveryByte() throws {
        let bytes = Array(Self.corpus.utf8)
        for position in 0...bytes.count {
            var parser = ServerSentEventParser(maximumLineBytes: 1000)
            let events = try parser.feed(bytes[..<position]) + parser.feed(bytes[position...])
            check(events, "split at byte \(position)")
        }
    }

    @Test func oneByteAtATime() throws {
        var parser = ServerSentEventParser(maximumLineBytes: 1000)
        var events: [ServerSentEvent] = []
        for byte in Self.corpus.utf8 { events += try parser.feed([byte]) }
        check(events, "single bytes")
    }

    @Test func lineOfExactlyTheLimitPasses() throws {
        var parser = ServerSentEventParser(maximumLineBytes: 10)
        #expect(try parser.feed(Array("data: 1234\n\n".utf8)).count == 1)
    }

    @Test(arguments: ["data: 12345\n\n", "data: 123456", "data: 1234\ndata: 1234\ndata: 123\n\n"])
    func tooLong(text: String) {
        var parser = ServerSentEventParser(maximumLineBytes: 10)
        #expect(throws: ServerSentEventParser.TooLong(limit: 10)) { try parser.feed(Array(text.utf8)) }
    }

    @Test func byteOrderMarkCountsOnlyAtTheStart() throws {
        var parser = ServerSentEventParser(maximumLineBytes: 100)
        #expect(try parser.feed(Array("\n\u{FEFF}data: x\n\n".utf8)).isEmpty)
    }
}
