/// One event of an event stream.
struct ServerSentEvent: Sendable, Equatable {
    /// Value of the last `event` field; empty when there was none.
    var name: [UInt8] = []
    /// Values of the `data` fields, joined by line feeds.
    var data: [UInt8] = []
}

/// Splits the bytes of an event stream into events, whatever the boundaries of the chunks that they arrive in
/// (WHATWG HTML, section 9.2.6). Fields other than `event` and `data` mean nothing to us and are dropped.
///
/// Bytes are not decoded here, so that a chunk may end within a character.
struct ServerSentEventParser: Sendable {
    /// A line or an event is longer than allowed.
    struct TooLong: Error, Equatable {
        var limit: Int
    }

    private let maximumLineBytes: Int
    /// The unfinished line at the end of the chunks so far.
    private var line: [UInt8] = []
    private var event = ServerSentEvent()
    private var hasData = false
    /// The last byte was a carriage return: a line feed right after it belongs to the same line end.
    private var skipsLineFeed = false
    private var isFirstLine = true

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// - Parameter maximumLineBytes: the bound on a line and also on the data of one event.
    init(maximumLineBytes: Int) {
        self.maximumLineBytes = maximumLineBytes
    }

    /// Takes the next chunk and returns the events that it completes. An event that the end of the stream cuts is
    /// never returned, as the specification asks.
    mutating func feed(_ chunk: some Collection<UInt8>) throws(TooLong) -> [ServerSentEvent] {
        let inPlace = chunk.withContiguousStorageIfAvailable { bytes in
            Result { () throws(TooLong) in try read(bytes) }
        }
        let result =
            inPlace
            ?? Array(chunk).withUnsafeBufferPointer { bytes in Result { () throws(TooLong) in try read(bytes) } }
        return try result.get()
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(TooLong) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var start = 0
        while start < bytes.count {
            if skipsLineFeed {
                skipsLineFeed = false
                if bytes[start] == Self.lineFeed {
                    start += 1
                    continue
                }
            }
            var end = start
            while end < bytes.count, bytes[end] != Self.lineFeed, bytes[end] != Self.carriageReturn { end += 1 }
            guard line.count + end - start <= maximumLineBytes else { throw TooLong(limit: maximumLineBytes) }
            let part = UnsafeBufferPointer(rebasing: bytes[start..<end])
            guard end < bytes.count else {
                line.append(contentsOf: part)
                break
            }
            skipsLineFeed = bytes[end] == Self.carriageReturn
            if line.isEmpty {
                try endLine(part, &events)
            } else {
                line.append(contentsOf: part)
                let whole = line
                line.removeAll(keepingCapacity: false)
                let result = whole.withUnsafeBufferPointer { whole in
                    Result { () throws(TooLong) in try endLine(whole, &events) }
                }
                try result.get()
            }
            start = end + 1
        }
        return events
    }

    /// Interprets a whole line; the empty one ends an event.
    private mutating func endLine(
        _ line: UnsafeBufferPointer<UInt8>, _ events: inout [ServerSentEvent]
    ) throws(TooLong) {
        var line = line
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: Self.byteOrderMark) {
                line = UnsafeBufferPointer(rebasing: line.dropFirst(Self.byteOrderMark.count))
            }
        }
        if line.isEmpty {
            if hasData { events.append(event) }
            event = ServerSentEvent()
            hasData = false
            return
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = min(colon + 1, line.count)
        if value < line.count, line[value] == UInt8(ascii: " ") { value += 1 }
        if Self.isField(line, colon, Self.dataField) {
            guard event.data.count + line.count - value < maximumLineBytes else {
                throw TooLong(limit: maximumLineBytes)
            }
            if hasData { event.data.append(Self.lineFeed) }
            event.data.append(contentsOf: UnsafeBufferPointer(rebasing: line[value...]))
            hasData = true
        } else if Self.isField(line, colon, Self.eventField) {
            event.name = Array(line[value...])
        }
    }

    private static let dataField = Array("data".utf8)
    private static let eventField = Array("event".utf8)

    private static func isField(_ line: UnsafeBufferPointer<UInt8>, _ colon: Int, _ name: [UInt8]) -> Bool {
        guard colon == name.count else { return false }
        for offset in name.indices where line[offset] != name[offset] { return false }
        return true
    }
}
