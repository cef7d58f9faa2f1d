/// What a line looks like at a glance. By it a parser turns most lines away without reading them: an output has many
/// lines that no parser takes, and each would otherwise be read by all of them.
struct LineShape: Sendable {
    /// The first byte; 0 of an empty line.
    private(set) var first: UInt8 = 0
    /// The first byte behind spaces and tabs; 0 of a blank line.
    private(set) var start: UInt8 = 0
    /// The first byte behind the first one and any blanks; 0 when there is none.
    private(set) var second: UInt8 = 0
    /// The last byte; 0 of an empty line.
    private(set) var last: UInt8 = 0
    /// The first byte of the next line; 0 when there is none.
    private(set) var next: UInt8 = 0
    private(set) var marks: Marks = []
    /// The ASCII bytes that occur, as bits; all beyond ASCII is left out.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// Two bytes that stand next to each other somewhere in the line.
    struct Marks: OptionSet, Sendable {
        let rawValue: UInt8

        /// A colon and a digit, without which there is no `file:line`.
        static let place = Marks(rawValue: 1)
        /// A colon and a space, which end a tool's name, a severity, a code.
        static let colon = Marks(rawValue: 2)
        /// A closing parenthesis and a colon, as in `file(line,column): `.
        static let closed = Marks(rawValue: 4)
        /// A space and a colon.
        static let spacedColon = Marks(rawValue: 8)
    }

    init(_ line: Substring, next: UInt8 = 0) {
        let inPlace = line.utf8.withContiguousStorageIfAvailable { LineShape($0, next: next) }
        self = inPlace ?? Array(line.utf8).withUnsafeBufferPointer { LineShape($0, next: next) }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, next: UInt8) {
        self.next = next
        guard let first = bytes.first, let last = bytes.last else { return }
        (self.first, self.last) = (first, last)
        start = bytes.first { $0 != 0x20 && $0 != 0x09 } ?? 0
        second = bytes.dropFirst().first { $0 != 0x20 && $0 != 0x09 } ?? 0
        var before: UInt8 = 0
        for byte in bytes {
            let bit: UInt64 = 1 << UInt64(byte & 63)
            if byte < 64 { low |= bit } else if byte < 128 { high |= bit }
            if before == UInt8(ascii: ":") {
                if byte.isDigit { marks.insert(.place) } else if byte == 0x20 { marks.insert(.colon) }
            } else if byte == UInt8(ascii: ":") {
                if before == UInt8(ascii: ")") { marks.insert(.closed) }
                if before == 0x20 { marks.insert(.spacedColon) }
            }
            before = byte
        }
    }

    var isBlank: Bool { start == 0 }

    func has(_ mark: Marks) -> Bool { marks.contains(mark) }

    /// Whether an ASCII byte occurs.
    func has(_ byte: Unicode.Scalar) -> Bool {
        let value = UInt64(byte.value)
        return value < 64 ? low >> value & 1 == 1 : value < 128 && high >> (value - 64) & 1 == 1
    }

    /// Whether the first byte is one of these.
    func begins(withAnyOf bytes: StaticString) -> Bool { Self.holds(bytes, first) }

    /// Whether the first byte behind spaces and tabs is one of these.
    func starts(withAnyOf bytes: StaticString) -> Bool { Self.holds(bytes, start) }

    private static func holds(_ bytes: StaticString, _ byte: UInt8) -> Bool {
        bytes.withUTF8Buffer { $0.contains(byte) }
    }

    /// Whether a JSON object, or an array of objects or arrays, may begin with the line.
    var opensJSON: Bool {
        switch first {
        case UInt8(ascii: "{"): Self.holds("\"}", second) || second == 0
        case UInt8(ascii: "["): Self.holds("{[]", second) || second == 0
        default: false
        }
    }

    var isIndented: Bool { first == 0x20 || first == 0x09 }
}
