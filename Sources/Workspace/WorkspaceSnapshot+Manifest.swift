import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The list of a snapshot's files as a file of its own: a later service need not hash the whole copy again.
///
/// For each file its mode (six bytes), the twenty bytes of its blob's name, its path and a zero byte.
extension WorkspaceSnapshot {
    private static let modeBytes = 6
    private static let blobBytes = 20

    /// Writes the list in one step.
    /// - Returns: false with `errno` set when the disk does not take it.
    public func writeManifest(_ path: String) -> Bool {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 80)
        for (path, entry) in entries {
            bytes += entry.mode.rawValue.utf8
            bytes += entry.blob.bytes
            bytes += path.utf8
            bytes.append(0)
        }
        let temporary = path + ".new"
        guard FileBytes.write(bytes, toFile: temporary, mode: 0o600), rename(temporary, path) == 0 else {
            let number = errno
            unlink(temporary)
            errno = number
            return false
        }
        return true
    }

    /// The snapshot in `base`, with the list that ``writeManifest(_:)`` wrote.
    /// - Returns: nil when the list cannot be read or does not give the tree of `treeHash`.
    public init?(base: String, manifest path: String, treeHash: String, leftOut: [String]) {
        guard let bytes = FileBytes.read(path, limit: 1 << 30) else { return nil }
        var entries: [String: TreeHash.Entry] = [:]
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let mode = FileMode(rawValue: String(decoding: rest.prefix(Self.modeBytes), as: UTF8.self)) else {
                return nil
            }
            rest = rest.dropFirst(Self.modeBytes)
            guard rest.count > Self.blobBytes, let blob = ObjectID(bytes: Array(rest.prefix(Self.blobBytes))) else {
                return nil
            }
            rest = rest.dropFirst(Self.blobBytes)
            guard let end = rest.firstIndex(of: 0), let name = String(validating: rest[..<end], as: UTF8.self) else {
                return nil
            }
            entries[name] = TreeHash.Entry(mode: mode, blob: blob)
            rest = rest[(end + 1)...]
        }
        guard let hash = try? TreeHash.compute(entries), hash.description == treeHash else { return nil }
        self.init(base: base, entries: entries, treeHash: treeHash, leftOut: leftOut)
    }
}
