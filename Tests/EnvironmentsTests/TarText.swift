/// Tar archives byte by byte, also such as no tool would write.
struct TarText {
    private(set) var bytes: [UInt8] = []

    enum Kind: UInt8 {
        case file = 0x30
        case hardLink = 0x31
        case symbolicLink = 0x32
        case characterDevice = 0x33
        case blockDevice = 0x34
        case directory = 0x35
        case fifo = 0x36
        case pax = 0x78
    }

    mutating func add(
        _ name: String, _ kind: Kind = .file, _ content: String = "", link: String = "", mode: Int = 0o644,
        owner: Int = 0,
        size: Int? = nil
    ) {
        if name.utf8.count > 100 || link.utf8.count > 100 {
            var records = ""
            if name.utf8.count > 100 { records += Self.record("path", name) }
            if link.utf8.count > 100 { records += Self.record("linkpath", link) }
            entry("pax", .pax, Array(records.utf8))
        }
        entry(name, kind, Array(content.utf8), link: link, mode: mode, owner: owner, size: size)
    }

    /// A header that says what it likes.
    mutating func entry(
        _ name: String, _ kind: Kind, _ content: [UInt8], link: String = "", mode: Int = 0o644, owner: Int = 0,
        size: Int? = nil
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, most: Int) {
            for (index, byte) in text.utf8.prefix(most).enumerated() { header[offset + index] = byte }
        }
        func octal(_ number: Int, at offset: Int, width: Int) {
            let digits = String(number, radix: 8)
            put(String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits, at: offset, most: width - 1)
        }
        put(name, at: 0, most: 100)
        octal(mode, at: 100, width: 8)
        octal(owner, at: 108, width: 8)
        octal(owner, at: 116, width: 8)
        octal(size ?? content.count, at: 124, width: 12)
        octal(1_700_000_000, at: 136, width: 12)
        put("        ", at: 148, most: 8)
        header[156] = kind.rawValue
        put(link, at: 157, most: 100)
        put("ustar\u{0}00", at: 257, most: 8)
        octal(1, at: 329, width: 8)
        octal(3, at: 337, width: 8)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(
            String(repeating: "0", count: max(0, 6 - String(sum, radix: 8).count)) + String(sum, radix: 8), at: 148,
            most: 6)
        header[154] = 0
        bytes += header + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    var whole: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// A record of an extended header, with its own length in front.
    static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while "\(length)".utf8.count + rest.utf8.count != length { length = "\(length)".utf8.count + rest.utf8.count }
        return "\(length)\(rest)"
    }
}
