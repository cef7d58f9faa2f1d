/// Splits a byte stream into messages, whatever the pieces in which it arrives. No input or output of its own.
///
/// Reading is lenient where the meaning is clear: lines may end in `\n` alone, header names are case-insensitive,
/// headers other than `Content-Length` are ignored, blank lines between messages and a byte order mark at the very
/// start are skipped. Usage: `append` what was read, then call `next` until it gives nil.
public struct MessageFramer: Sendable {
    private enum State {
        /// Before the first byte that counts.
        case start
        case header
        case body(length: Int)
        /// Passing over a body that will not be delivered.
        case skippingBody(remaining: Int)
        case line
        /// Passing over the rest of a line that is too long.
        case skippingLine
        /// After an unrecoverable error, or the end.
        case ended
    }

    private let limits: FramingLimits
    private var framing: Framing
    private var state = State.start
    private var header = HeaderBlock()
    private var buffer: [UInt8] = []
    /// The first byte of `buffer` not used up yet.
    private var head = 0
    /// Bytes before this place are known to hold no newline, so that long lines are searched only once.
    private var searched = 0

    public init(framing: Framing, limits: FramingLimits = .default) {
        self.framing = framing
        self.limits = limits
    }

    /// The framing in use; nil as long as it has to be detected.
    public var resolvedFraming: Framing? { framing == .detect ? nil : framing }

    /// Takes bytes as they were read.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if case .ended = state { return }
        compact()
        buffer.append(contentsOf: bytes)
    }

    /// The next event; nil when more bytes are needed, and after an unrecoverable event.
    public mutating func next() -> TransportEvent? {
        while true {
            switch step() {
            case .event(let event):
                if case .malformed(_, recoverable: false) = event { end() }
                return event
            case .again: continue
            case .needsBytes: return nil
            }
        }
    }

    /// The last event, when the stream has ended after all bytes were taken. A last line without a newline counts;
    /// a message that is cut off does not.
    public mutating func finish() -> TransportEvent? {
        defer { end() }
        switch state {
        case .ended, .skippingLine: return nil
        case .start where head == buffer.count: return nil
        case .line:
            let line = trimmedLine(buffer[head...])
            return line.isEmpty ? nil : .message(line)
        case .header where header.isEmpty && head == buffer.count: return nil
        case .start, .header, .body, .skippingBody:
            return .malformed("the stream ended inside a message", recoverable: false)
        }
    }
}

extension MessageFramer {
    private enum Step {
        case event(TransportEvent)
        case again
        case needsBytes
    }

    private mutating func step() -> Step {
        switch state {
        case .start: detect()
        case .header: readHeaderLine()
        case .body(let length): readBody(length)
        case .skippingBody(let remaining): skipBody(remaining)
        case .line: readLine()
        case .skippingLine: skipLine()
        case .ended: .needsBytes
        }
    }

    private mutating func detect() -> Step {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        while head < buffer.count {
            let opening = buffer[head...].prefix(mark.count)
            if Self.isBlank(buffer[head]) {
                head += 1
            } else if opening.elementsEqual(mark) {
                head += mark.count
            } else if mark.starts(with: opening) {
                return .needsBytes
            } else {
                break
            }
        }
        searched = head
        guard head < buffer.count else { return .needsBytes }
        switch (framing, buffer[head]) {
        case (.contentLength, _), (.detect, UInt8(ascii: "C")), (.detect, UInt8(ascii: "c")):
            framing = .contentLength
            state = .header
        case (.newline, _), (.detect, UInt8(ascii: "{")), (.detect, UInt8(ascii: "[")):
            framing = .newline
            state = .line
        default:
            return .event(
                .malformed(
                    "the input begins with neither a Content-Length header nor a JSON object", recoverable: false))
        }
        return .again
    }

    private mutating func readHeaderLine() -> Step {
        guard let newline = findNewline() else {
            return header.byteCount + buffer.count - head > limits.maxHeaderBytes ? headerTooLong() : .needsBytes
        }
        let lineLength = newline + 1 - head
        var line = buffer[head..<newline]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        consume(through: newline)
        guard header.byteCount + lineLength <= limits.maxHeaderBytes else { return headerTooLong() }
        if line.isEmpty {
            // Between messages a blank line means nothing.
            return header.isEmpty ? .again : finishHeader()
        }
        header.add(line, byteCount: lineLength)
        return .again
    }

    private func headerTooLong() -> Step {
        .event(.malformed("a message header exceeds \(limits.maxHeaderBytes) bytes", recoverable: false))
    }

    private mutating func finishHeader() -> Step {
        /// A body this many times over the limit is passed over to reach the next message; a greater length is taken
        /// for nonsense.
        let skippableExcess = 8
        let verdict = header.verdict
        header = HeaderBlock()
        switch verdict {
        case .length(let length) where length <= limits.maxBodyBytes:
            state = .body(length: length)
            return .again
        case .length(let length):
            let reason = "a message of \(length) bytes exceeds the limit of \(limits.maxBodyBytes)"
            guard length / skippableExcess <= limits.maxBodyBytes else {
                return .event(.malformed(reason, recoverable: false))
            }
            state = .skippingBody(remaining: length)
            return .event(.malformed(reason, recoverable: true))
        case .malformed(let reason, let length?) where length / skippableExcess <= limits.maxBodyBytes:
            state = .skippingBody(remaining: length)
            return .event(.malformed(reason, recoverable: true))
        case .malformed(let reason, _):
            return .event(.malformed(reason, recoverable: false))
        }
    }

    private mutating func readBody(_ length: Int) -> Step {
        guard buffer.count - head >= length else { return .needsBytes }
        let body = Array(buffer[head..<head + length])
        head += length
        searched = head
        state = .header
        return .event(.message(body))
    }

    private mutating func skipBody(_ remaining: Int) -> Step {
        let skipped = min(remaining, buffer.count - head)
        head += skipped
        searched = head
        state = skipped == remaining ? .header : .skippingBody(remaining: remaining - skipped)
        return skipped == remaining ? .again : .needsBytes
    }

    private mutating func readLine() -> Step {
        guard let newline = findNewline() else {
            guard buffer.count - head > limits.maxBodyBytes else { return .needsBytes }
            state = .skippingLine
            return .event(lineTooLong())
        }
        let isTooLong = newline - head > limits.maxBodyBytes
        let line = isTooLong ? [] : trimmedLine(buffer[head..<newline])
        consume(through: newline)
        if isTooLong { return .event(lineTooLong()) }
        return line.isEmpty ? .again : .event(.message(line))
    }

    private func lineTooLong() -> TransportEvent {
        .malformed("a message exceeds the limit of \(limits.maxBodyBytes) bytes", recoverable: true)
    }

    private mutating func skipLine() -> Step {
        guard let newline = findNewline() else {
            head = buffer.count
            searched = head
            return .needsBytes
        }
        consume(through: newline)
        state = .line
        return .again
    }
}

extension MessageFramer {
    private mutating func findNewline() -> Int? {
        let found = buffer[max(head, searched)...].firstIndex(of: UInt8(ascii: "\n"))
        searched = found ?? buffer.count
        return found
    }

    private mutating func consume(through index: Int) {
        head = index + 1
        searched = head
    }

    /// The line without blanks around it; a lone `\r` before the newline is one of them.
    private func trimmedLine(_ line: ArraySlice<UInt8>) -> [UInt8] {
        guard let first = line.firstIndex(where: { !Self.isBlank($0) }),
            let last = line.lastIndex(where: { !Self.isBlank($0) })
        else { return [] }
        return Array(line[first...last])
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte)
    }

    /// Drops used bytes, once they outweigh what a move costs.
    private mutating func compact() {
        guard head > 0, head == buffer.count || head >= buffer.count / 2 else { return }
        let rest = buffer.count - head
        if rest == 0, buffer.capacity > 1 << 20 {
            buffer = []  // One huge message should not hold its memory forever.
        } else {
            buffer.removeSubrange(..<head)
        }
        searched -= head
        head = 0
    }

    private mutating func end() {
        state = .ended
        buffer = []
        head = 0
        searched = 0
    }
}
