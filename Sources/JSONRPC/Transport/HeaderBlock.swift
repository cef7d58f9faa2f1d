/// The header of one `Content-Length` frame, gathered line by line (LSP 3.17, base protocol).
struct HeaderBlock: Sendable {
    enum Verdict {
        case length(Int)
        /// `length` when the body's end is known all the same.
        case malformed(String, length: Int?)
    }

    private(set) var byteCount = 0
    private var lengths: [Int?] = []
    private var hasMalformedLine = false

    var isEmpty: Bool { byteCount == 0 }

    /// Takes a line without its line ending; `byteCount` is its size with it.
    mutating func add(_ line: ArraySlice<UInt8>, byteCount: Int) {
        self.byteCount += byteCount
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            hasMalformedLine = true
            return
        }
        guard Self.trimmed(line[..<colon]).map(Self.lowercase) == Self.contentLength else { return }
        lengths.append(Self.number(Self.trimmed(line[(colon + 1)...])))
    }

    /// What the block as a whole says.
    var verdict: Verdict {
        guard let first = lengths.first else { return .malformed("a message header lacks Content-Length", length: nil) }
        guard let length = first, lengths.allSatisfy({ $0 != nil }) else {
            return .malformed("Content-Length is not a number of bytes", length: nil)
        }
        guard lengths.count == 1 else {
            let isUnanimous = lengths.allSatisfy { $0 == length }
            return .malformed("a message header has Content-Length twice", length: isUnanimous ? length : nil)
        }
        guard !hasMalformedLine else {
            return .malformed("a message header has a line without a colon", length: length)
        }
        return .length(length)
    }

    private static let contentLength = Array("content-length".utf8)

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let start = bytes.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return [] }
        return start[...last]
    }

    /// Digits only: `Int` would take a sign as well.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self))
    }
}
