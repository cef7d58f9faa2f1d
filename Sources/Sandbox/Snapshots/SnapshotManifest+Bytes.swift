/// The form in which a manifest lies on the service's disk. Numbers are little-endian, byte strings have their length before
/// them.
extension SnapshotManifest {
    private static let magic = Array("cofferdam snapshot 1\n".utf8)

    var bytes: [UInt8] {
        var writer = ManifestWriter()
        writer.bytes = Self.magic
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
        guard bytes.starts(with: Self.magic) else { return nil }
        var reader = ManifestReader(bytes: bytes[Self.magic.count...])
        guard let readAt = reader.number(), let busy = reader.number(), let count = reader.number() else { return nil }
        self.readAt = Int(Int64(bitPattern: readAt))
        wasBusy = busy != 0
        for _ in 0..<count {
            guard let (path, entry) = Self.entry(&reader), index[path] == nil else { return nil }
            append(path, entry)
        }
        guard reader.bytes.isEmpty else { return nil }
    }

    private static func entry(_ reader: inout ManifestReader) -> ([UInt8], SnapshotEntry)? {
        guard let path = reader.string(), let kind = reader.byte().flatMap(SnapshotEntry.Kind.init(rawValue:)),
            let linked = reader.byte(), let mode = reader.number().flatMap(UInt32.init(exactly:)),
            let modified = reader.number(), let size = reader.number().flatMap(Int.init(exactly:)),
            let object = reader.number(), let target = reader.string(), let inode = reader.number(),
            let changed = reader.number(), let attributes = reader.number(), attributes <= UInt64(reader.bytes.count)
        else { return nil }
        var entry = SnapshotEntry(
            kind: kind, mode: mode, modified: Int(Int64(bitPattern: modified)), size: size, object: object,
            isLinked: linked != 0, target: target,
            stamp: .init(inode: inode, changed: Int(Int64(bitPattern: changed))))
        for _ in 0..<attributes {
            guard let name = reader.string(), let value = reader.string() else { return nil }
            entry.attributes.append(.init(name: name, value: value))
        }
        return (path, entry)
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

    mutating func string() -> [UInt8]? {
        guard let count = number(), count <= UInt64(bytes.count) else { return nil }
        let value = Array(bytes.prefix(Int(count)))
        bytes = bytes.dropFirst(Int(count))
        return value
    }
}
