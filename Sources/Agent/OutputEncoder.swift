import AgentProtocol

/// Turns chunks of a command's output into events, keeping characters whole across chunks.
struct OutputEncoder {
    private let itemId: String
    private let stream: AgentProtocol.OutputStream
    private var held: [UInt8] = []
    private var heldOffset = 0
    /// Offset behind the last byte that went into an event.
    private(set) var end = 0

    init(itemId: String, stream: AgentProtocol.OutputStream) {
        self.itemId = itemId
        self.stream = stream
    }

    /// - Returns: nil when all bytes are held back as the beginning of a character.
    mutating func encode(offset: Int, bytes: [UInt8]) -> AgentEvent? {
        let all = held.isEmpty ? bytes : held + bytes
        let start = held.isEmpty ? offset : heldOffset
        let cut = Self.incompleteTail(all)
        held = Array(all.suffix(cut))
        heldOffset = start + all.count - cut
        let ready = cut == 0 ? all : Array(all.dropLast(cut))
        guard !ready.isEmpty else { return nil }
        end = start + ready.count
        return event(start, ready)
    }

    /// What is still held when the stream ends.
    mutating func finish() -> AgentEvent? {
        guard !held.isEmpty else { return nil }
        defer { held = [] }
        end = heldOffset + held.count
        return event(heldOffset, held)
    }

    private func event(_ offset: Int, _ bytes: [UInt8]) -> AgentEvent {
        if let text = String(validating: bytes, as: UTF8.self) {
            return .outputDelta(OutputDelta(itemId: itemId, stream: stream, offset: offset, text: text))
        }
        return .outputDelta(
            OutputDelta(itemId: itemId, stream: stream, offset: offset, base64: Base64.encode(bytes)))
    }

    /// How many bytes at the end begin a character that is not complete: 0 to 3.
    private static func incompleteTail(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let needed = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
            return needed > back ? back : 0
        }
        return 0
    }
}
