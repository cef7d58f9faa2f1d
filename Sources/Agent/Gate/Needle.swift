#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A short text to look for in lines, in lower case and without spaces.
///
/// It is found whatever the case, with any blanks between its characters; one that begins like a word is not found in the
/// middle of one. Time is linear in the line: needles are short.
struct Needle: ExpressibleByStringLiteral, Sendable {
    let bytes: [UInt8]
    /// As it is told to the user.
    let text: String

    init(_ text: String) {
        self.text = text
        bytes = text.utf8.filter { $0 != 0x20 }.map(Self.lowered)
    }

    init(stringLiteral value: StaticString) { self.init("\(value)") }

    static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: byte >= 0x80
        }
    }
}

/// A line to look for needles in.
struct Haystack {
    private let bytes: [UInt8]

    init(_ line: String) { bytes = line.utf8.map(Needle.lowered) }

    func has(_ needle: Needle) -> Bool {
        guard let first = needle.bytes.first else { return false }
        let beginsWord = Needle.isWord(first)
        return bytes.withUnsafeBytes { line in
            guard let base = line.baseAddress else { return false }
            var place = 0
            while place < line.count, let found = memchr(base + place, Int32(first), line.count - place) {
                let start = base.distance(to: UnsafeRawPointer(found))
                place = start + 1
                if beginsWord, start > 0, Needle.isWord(line[start - 1]) { continue }
                if matches(needle.bytes, at: start) { return true }
            }
            return false
        }
    }

    func first(of needles: [Needle]) -> Needle? { needles.first(where: has) }

    private func matches(_ needle: [UInt8], at start: Int) -> Bool {
        var place = start
        for byte in needle {
            while place < bytes.count, bytes[place] != byte, bytes[place] == 0x20 || bytes[place] == 0x09 { place += 1 }
            guard place < bytes.count, bytes[place] == byte else { return false }
            place += 1
        }
        return true
    }
}
