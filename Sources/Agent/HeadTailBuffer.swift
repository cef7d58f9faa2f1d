/// The first and the last bytes of a stream of any length, in bounded memory.
struct HeadTailBuffer: Sendable {
    private let headLimit: Int
    private let tailLimit: Int
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private(set) var total = 0

    init(limit: Int) {
        headLimit = limit / 2
        tailLimit = limit - limit / 2
    }

    mutating func append(_ bytes: [UInt8]) {
        total += bytes.count
        var rest = bytes[...]
        if head.count < headLimit {
            let part = rest.prefix(headLimit - head.count)
            head += part
            rest = rest.dropFirst(part.count)
        }
        guard !rest.isEmpty else { return }
        // The slice of a slice: without its type `suffix` is the one of any sequence, byte by byte.
        let last: ArraySlice<UInt8> = rest.suffix(tailLimit)
        tail += last
        // Trimmed in bulk, so that appending stays linear.
        if tail.count > 2 * tailLimit { tail.removeFirst(tail.count - tailLimit) }
    }

    /// The text, with a line in the middle that says how much was left out and where it is.
    var text: String { text(place: "; the whole output is in the session's log") }

    private func text(place: String) -> String {
        let kept = tail.suffix(tailLimit)
        let missing = total - head.count - kept.count
        guard missing > 0 else { return String(decoding: head + kept, as: UTF8.self) }
        return String(decoding: head, as: UTF8.self)
            + "\n[… \(missing) bytes left out\(place) …]\n"
            + String(decoding: kept, as: UTF8.self)
    }

    /// A text's head and tail, for what stands nowhere else in full.
    static func capped(_ text: String, limit: Int) -> String {
        var buffer = HeadTailBuffer(limit: limit)
        buffer.append(Array(text.utf8))
        return buffer.text(place: "")
    }
}
