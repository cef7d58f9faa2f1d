#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a 64-bit little-endian ELF file says about its loader and its libraries.
struct ElfFile {
    /// The program's loader; nil for a library or a static program.
    private(set) var interpreter: String?
    /// Names of the libraries that it needs, in order.
    private(set) var needed: [String] = []

    /// Bounds of what is read: real tables are a few kilobytes.
    private static let maximumHeaders = 64
    private static let maximumTable = 16 << 20

    private struct Segment {
        var type: UInt32
        var offset: Int
        var address: Int
        var size: Int
    }

    /// Nil when the file is none, or makes no sense.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Descriptors.close(descriptor) }
        guard let header = Self.read(descriptor, 64, at: 0), header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]),
            let count = Self.number(header, 56, 2), (1...Self.maximumHeaders).contains(count),
            let size = Self.number(header, 54, 2), size >= 56, let start = Self.number(header, 32, 8),
            let table = Self.read(descriptor, size * count, at: start)
        else { return nil }
        var segments: [Segment] = []
        for index in 0..<count {
            let at = index * size
            guard let type = Self.number(table, at, 4), let offset = Self.number(table, at + 8, 8),
                let address = Self.number(table, at + 16, 8), let length = Self.number(table, at + 32, 8)
            else { return nil }
            segments.append(Segment(type: UInt32(type), offset: offset, address: address, size: length))
        }
        if let segment = segments.first(where: { $0.type == 3 }),
            let bytes = Self.read(descriptor, segment.size, at: segment.offset)
        {
            interpreter = Self.text(bytes, 0)
        }
        if let segment = segments.first(where: { $0.type == 2 }),
            let dynamic = Self.read(descriptor, segment.size, at: segment.offset)
        {
            needed = Self.libraries(dynamic, segments, descriptor)
        }
    }

    private static func libraries(_ dynamic: [UInt8], _ segments: [Segment], _ descriptor: Int32) -> [String] {
        var names: [Int] = []
        var address: Int?
        var size: Int?
        for at in stride(from: 0, to: dynamic.count - 15, by: 16) {
            guard let tag = number(dynamic, at, 8), tag != 0 else { break }
            let value = number(dynamic, at + 8, 8)
            switch tag {
            case 1: if let value { names.append(value) }
            case 5: address = value
            case 10: size = value
            default: break
            }
        }
        guard let address, let size,
            let segment = segments.first(where: {
                $0.type == 1 && $0.address <= address && address - $0.address < $0.size
            }),
            let strings = read(descriptor, size, at: address - segment.address + segment.offset)
        else { return [] }
        return names.compactMap { text(strings, $0) }
    }

    private static func read(_ descriptor: Int32, _ count: Int, at offset: Int) -> [UInt8]? {
        guard (1...maximumTable).contains(count) else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
        return bytes.count == count ? bytes : nil
    }

    /// Nil also for what is above any sensible offset.
    private static func number(_ bytes: [UInt8], _ at: Int, _ width: Int) -> Int? {
        guard at >= 0, at + width <= bytes.count else { return nil }
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(bytes[at + index]) << UInt64(8 * index) }
        return value < 1 << 48 ? Int(value) : nil
    }

    private static func text(_ bytes: [UInt8], _ at: Int) -> String? {
        guard bytes.indices.contains(at), let end = bytes[at...].firstIndex(of: 0) else { return nil }
        return String(validating: bytes[at..<end], as: UTF8.self)
    }
}
