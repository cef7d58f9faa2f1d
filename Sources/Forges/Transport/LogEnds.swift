/// The first and the last bytes of a log of any length, in bounded memory.
struct LogEnds: Sendable {
    private let headLimit: Int
    private let tailLimit: Int
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var total = 0

    init(limit: Int) {
        headLimit = limit / 2
        tailLimit = limit - limit / 2
    }

    mutating func append(_ bytes: some Collection<UInt8>) {
        total += bytes.count
        let part = bytes.prefix(max(0, headLimit - head.count))
        head += part
        tail += bytes.dropFirst(part.count)
        // Trimmed in bulk, so that appending stays linear.
        if tail.count > 2 * tailLimit { tail.removeFirst(tail.count - tailLimit) }
    }

    /// The log, cut at ends of lines, so that no half line is taken for a whole one.
    var log: JobLog {
        guard total > headLimit + tailLimit else { return JobLog(bytes: head + tail) }
        let lineFeed = UInt8(ascii: "\n")
        let begin = head.lastIndex(of: lineFeed).map { head[...$0] } ?? head[...]
        let kept: ArraySlice<UInt8> = tail.suffix(tailLimit)
        let end = kept.firstIndex(of: lineFeed).map { kept[($0 + 1)...] } ?? kept
        let omitted = total - begin.count - end.count
        return JobLog(bytes: begin + Array("[… \(omitted) bytes left out …]\n".utf8) + end, omitted: omitted)
    }
}
