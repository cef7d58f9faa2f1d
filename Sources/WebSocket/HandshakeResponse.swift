import NIOHTTP1

/// The head of a server's answer to the handshake, read from bytes that may be anything.
struct HandshakeResponse: Equatable {
    var status: Int
    var headers: HTTPHeaders

    struct Malformed: Error, Equatable {}

    /// More than any server needs.
    static let maxBytes = 16 << 10

    /// Takes a head off the front of `bytes`; nil while it is incomplete.
    ///
    /// - Returns: the head, and how many bytes it had.
    static func parse(_ bytes: some RandomAccessCollection<UInt8>) throws(Malformed) -> (
        HandshakeResponse, length: Int
    )? {
        guard let end = endOfHead(bytes) else {
            guard bytes.count < maxBytes else { throw Malformed() }
            return nil
        }
        guard end <= maxBytes else { throw Malformed() }
        // Latin-1, which knows no invalid bytes.
        let text = String(String.UnicodeScalarView(bytes.prefix(end - 4).map { Unicode.Scalar($0) }))
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let statusLine = lines.removeFirst().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard statusLine.count >= 2, statusLine[0] == "HTTP/1.1" || statusLine[0] == "HTTP/1.0",
            statusLine[1].utf8.count == 3, let status = Int(statusLine[1]), (100...599).contains(status)
        else { throw Malformed() }
        var headers = HTTPHeaders()
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else { throw Malformed() }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.add(name: String(line[..<colon]), value: String(value.trimmingEnd()))
        }
        return (HandshakeResponse(status: status, headers: headers), end)
    }

    private static func endOfHead(_ bytes: some RandomAccessCollection<UInt8>) -> Int? {
        var run = 0
        let mark: [UInt8] = [13, 10, 13, 10]
        for (index, byte) in bytes.prefix(maxBytes).enumerated() {
            run = byte == mark[run] ? run + 1 : (byte == 13 ? 1 : 0)
            if run == mark.count { return index + 1 }
        }
        return nil
    }
}

extension Substring {
    fileprivate func trimmingEnd() -> Substring {
        var rest = self
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
