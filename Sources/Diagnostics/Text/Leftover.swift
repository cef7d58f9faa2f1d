/// The lines that no parser took. Of too many, the first and the last stay: the cause and the conclusion.
struct Leftover {
    /// The share of the first lines.
    static let headBytes = DiagnosticLimits.unparsedBytes / 4
    static let tailBytes = DiagnosticLimits.unparsedBytes - headBytes - 64
    /// A single line of leftover text longer than this helps nobody.
    static let lineBytes = 1024

    private var head: [Substring] = []
    private var headSize = 0
    private var tail: [Substring] = []
    private var tailStart = 0
    private var tailSize = 0
    private var omitted = 0
    private var lastWasBlank = true

    mutating func append(_ cursor: OutputCursor) {
        guard !cursor.isTransient else { return }
        append(cursor.line)
    }

    mutating func append(_ line: Substring) {
        let isBlank = line.isBlank
        // Lines taken out of the middle would leave runs of blank ones.
        if isBlank, lastWasBlank { return }
        lastWasBlank = isBlank
        let line = line.utf8.count > Self.lineBytes ? String(line).shortened(toBytes: Self.lineBytes)[...] : line
        let size = line.utf8.count + 1
        if tail.isEmpty, headSize + size <= Self.headBytes {
            head.append(line)
            headSize += size
            return
        }
        tail.append(line)
        tailSize += size
        while tailSize > Self.tailBytes {
            tailSize -= tail[tailStart].utf8.count + 1
            tail[tailStart] = ""
            tailStart += 1
            omitted += 1
        }
        // Amortised: the dead part is freed when it is as long as the living.
        if tailStart > 1024, tailStart * 2 > tail.count {
            tail.removeFirst(tailStart)
            tailStart = 0
        }
    }

    var text: String {
        var lines = head
        if omitted > 0 { lines.append("[\(omitted) lines left out]"[...]) }
        lines += tail[tailStart...]
        while lines.last?[...].isBlank == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }
}
