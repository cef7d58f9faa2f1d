/// Splits the bytes of an AWS event stream (`application/vnd.amazon.eventstream`) into messages: total length, length
/// of the headers and a checksum of both; the headers; the payload; a checksum of all. A message's name is its
/// `:event-type`, or for an exception `:exception-type` after ``exceptionMark``.
struct EventStreamParser: StreamFraming {
    static let mediaType = "application/vnd.amazon.eventstream"
    /// No event's name begins so.
    static let exceptionMark = "!"

    private static let preludeBytes = 12
    private static let checksumBytes = 4
    /// The format's own bound on headers.
    private static let maximumHeaderBytes = 128 << 10

    private let maximumMessageBytes: Int
    private var buffer: [UInt8] = []
    /// Where the next message begins; what is before is thrown away now and then.
    private var start = 0

    init(maximumLineBytes: Int) {
        maximumMessageBytes = maximumLineBytes
    }

    mutating func feed(_ chunk: some Collection<UInt8>) throws -> [ServerSentEvent] {
        buffer.append(contentsOf: chunk)
        var events: [ServerSentEvent] = []
        while buffer.count - start >= Self.preludeBytes {
            let total = Int(word(at: start))
            let headerBytes = Int(word(at: start + 4))
            guard CRC32.checksum(buffer[start..<start + 8]) == word(at: start + 8) else {
                throw ModelError.malformedResponse("The prelude of an event stream message has another checksum.")
            }
            guard total <= maximumMessageBytes else {
                throw ServerSentEventParser.TooLong(limit: maximumMessageBytes)
            }
            guard headerBytes <= Self.maximumHeaderBytes,
                total >= Self.preludeBytes + headerBytes + Self.checksumBytes
            else {
                throw ModelError.malformedResponse("An event stream message is shorter than its headers.")
            }
            guard buffer.count - start >= total else { break }
            let end = start + total - Self.checksumBytes
            guard CRC32.checksum(buffer[start..<end]) == word(at: end) else {
                throw ModelError.malformedResponse("An event stream message has another checksum.")
            }
            let headers = start + Self.preludeBytes
            events.append(try event(headers: headers..<headers + headerBytes, payload: headers + headerBytes..<end))
            start += total
        }
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 64 << 10 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        return events
    }

    private func event(headers: Range<Int>, payload: Range<Int>) throws(ModelError) -> ServerSentEvent {
        let texts = try texts(in: headers)
        let name: String
        switch texts[":message-type"] {
        case "exception": name = Self.exceptionMark + (texts[":exception-type"] ?? "exception")
        case "error": name = Self.exceptionMark + (texts[":error-code"] ?? "error")
        default: name = texts[":event-type"] ?? ""
        }
        var data = Array(buffer[payload])
        if data.isEmpty, let message = texts[":error-message"] { data = Array(message.utf8) }
        return ServerSentEvent(name: Array(name.utf8), data: data)
    }

    /// The headers that hold a text; those of other types are passed over.
    private func texts(in range: Range<Int>) throws(ModelError) -> [String: String] {
        var texts: [String: String] = [:]
        var position = range.lowerBound
        func take(_ count: Int) throws(ModelError) -> Range<Int> {
            guard count <= range.upperBound - position else {
                throw .malformedResponse("A header of an event stream message is cut.")
            }
            defer { position += count }
            return position..<position + count
        }
        while position < range.upperBound {
            let nameLength = Int(buffer[try take(1).lowerBound])
            let name = String(decoding: buffer[try take(nameLength)], as: UTF8.self)
            switch buffer[try take(1).lowerBound] {
            case 0, 1: break  // true, false
            case 2: _ = try take(1)
            case 3: _ = try take(2)
            case 4: _ = try take(4)
            case 5, 8: _ = try take(8)  // a long, a time
            case 9: _ = try take(16)
            case let type where type == 6 || type == 7:
                let size = try take(2)
                let value = try take(Int(buffer[size.lowerBound]) << 8 | Int(buffer[size.lowerBound + 1]))
                if type == 7 { texts[name] = String(decoding: buffer[value], as: UTF8.self) }
            default:
                throw .malformedResponse("A header of an event stream message has an unknown type.")
            }
        }
        return texts
    }

    private func word(at position: Int) -> UInt32 {
        buffer[position..<position + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// The checksum of Ethernet, gzip and event streams (IEEE 802.3, reflected).
package enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
    }
}
