/// The form in which a manifest lies on the service's disk. Numbers are little-endian, byte strings have their length before
/// them.
extension SnapshotManifest {
    private static func magic(_ kind: OverlayChanges.Attributes) -> [UInt8] {
        Array("cofferdam snapshot 2 \(kind.rawValue)\n".utf8)
    }

    /// What a manifest begins with is enough to tell its kind.
    static let kindLength = 64

    /// How the trees of a manifest are marked; nil when the bytes begin no manifest.
    static func kind(_ bytes: [UInt8]) -> OverlayChanges.Attributes? {
        OverlayChanges.Attributes.allCases.first { bytes.starts(with: magic($0)) }
    }

    private static let times = -furthest * 1_000_000_000...(furthest + 1) * 1_000_000_000
    /// Far above what a store of many years counts to.
    private static let objectNumbers = 0..<(UInt64(1) << 62)
    /// With the zero.
    private static let maximumAttributeName = 256
    private static let maximumName = 255

    var bytes: [UInt8] {
        var writer = ManifestWriter()
        writer.bytes = Self.magic(kind)
        writer.add(UInt64(bitPattern: Int64(readAt)))
        writer.add(wasBusy ? 1 : 0)
        writer.add(UInt64(items.count))
        for item in items {
            let entry = item.entry
            writer.add(item.path)
            writer.bytes.append(entry.kind.rawValue)
            writer.bytes.append(entry.isLinked ? 1 : 0)
            writer.add(UInt64(entry.mode))
            writer.add(UInt64(bitPattern: Int64(entry.modified)))
            writer.add(UInt64(entry.size))
            writer.add(entry.object)
            writer.add(entry.target)
            writer.add(entry.stamp.inode)
            writer.add(UInt64(bitPattern: Int64(entry.stamp.changed)))
            writer.add(UInt64(entry.attributes.count))
            for attribute in entry.attributes {
                writer.add(attribute.name)
                writer.add(attribute.value)
            }
        }
        return writer.bytes
    }

    /// Nil when the bytes are no manifest.
    init?(_ bytes: [UInt8]) {
        guard let kind = Self.kind(bytes) else { return nil }
        self.init(kind: kind)
        var reader = ManifestReader(bytes: bytes[Self.magic(kind).count...])
        guard let readAt = reader.time(Self.times), let busy = reader.number(), let count = reader.number() else {
            return nil
        }
        self.readAt = readAt
        wasBusy = busy != 0
        for _ in 0..<count {
            guard let (path, entry) = Self.entry(&reader), index[path] == nil else { return nil }
            append(path, entry)
        }
        guard reader.bytes.isEmpty else { return nil }
    }

    private static func entry(_ reader: inout ManifestReader) -> ([UInt8], SnapshotEntry)? {
        guard let path = reader.string(), isPath(path),
            let kind = reader.byte().flatMap(SnapshotEntry.Kind.init(rawValue:)),
            let linked = reader.byte(), let mode = reader.number().flatMap(UInt32.init(exactly:)), mode <= 0o7777,
            let modified = reader.time(times), let size = reader.number().flatMap(Int.init(exactly:)),
            let object = reader.number(), objectNumbers.contains(object), let target = reader.string(),
            let inode = reader.number(), let changed = reader.time(times), let attributes = reader.number(),
            attributes <= UInt64(reader.bytes.count)
        else { return nil }
        var entry = SnapshotEntry(
            kind: kind, mode: mode, modified: modified, size: size, object: object,
            isLinked: linked != 0, target: target, stamp: .init(inode: inode, changed: changed))
        for _ in 0..<attributes {
            guard let name = reader.string(), let value = reader.string(), name.count <= maximumAttributeName,
                name.firstIndex(of: 0) == name.count - 1
            else { return nil }
            entry.attributes.append(.init(name: name, value: value))
        }
        return (path, entry)
    }

    /// Whether it leads down from its root, by names that a file can have.
    private static func isPath(_ path: [UInt8]) -> Bool {
        path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { name in
            !name.isEmpty && name.count <= maximumName && !name.contains(0) && !name.elementsEqual(".".utf8)
                && !name.elementsEqual("..".utf8)
        }
    }
}

private struct ManifestWriter {
    var bytes: [UInt8] = []

    mutating func add(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func add(_ string: [UInt8]) {
        add(UInt64(string.count))
        bytes += string
    }
}

private struct ManifestReader {
    var bytes: ArraySlice<UInt8>

    mutating func byte() -> UInt8? { bytes.popFirst() }

    mutating func number() -> UInt64? {
        guard bytes.count >= 8 else { return nil }
        let value = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        bytes = bytes.dropFirst(8)
        return value
    }

    /// Nanoseconds since 1970 within a range in which they can be counted with.
    mutating func time(_ range: ClosedRange<Int>) -> Int? {
        number().map { Int(Int64(bitPattern: $0)) }.flatMap { range.contains($0) ? $0 : nil }
    }

    mutating func string() -> [UInt8]? {
        guard let count = number(), count <= UInt64(bytes.count) else { return nil }
        let value = Array(bytes.prefix(Int(count)))
        bytes = bytes.dropFirst(Int(count))
        return value
    }
}
