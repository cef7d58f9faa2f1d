import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Extended attributes that belong to a snapshot: the overlay's marks for what hides a layer below, and the user's own.
///
/// What else the overlay notes (where a file was copied up from, and the like) holds for the very layers it was noted on.
enum FileAttributes {
    /// Names of all attributes of a file, and the value of one, are at most this long.
    private static let maximumBytes = 64 << 10

    /// Of an open file, or of `name` in an open directory. Nil when they cannot be read.
    static func read(_ descriptor: Int32, _ name: FileName?, _ marks: OverlayChanges.Attributes)
        -> [SnapshotEntry.Attribute]?
    {
        let names = bytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                with(name) { cspawn_attribute_names(descriptor, $0, text.baseAddress, text.count) }
            }
        }
        // Not every file system has them.
        guard let names else { return [] }
        var attributes: [SnapshotEntry.Attribute] = []
        for attribute in names.split(separator: 0) where isKept(attribute, marks) {
            let key = Array(attribute) + [0]
            let read = { () -> [UInt8]? in
                bytes { buffer in
                    key.withUnsafeBufferPointer { key in
                        key.withMemoryRebound(to: CChar.self) { key in
                            with(name) {
                                cspawn_attribute(descriptor, $0, key.baseAddress, buffer.baseAddress, buffer.count)
                            }
                        }
                    }
                }
            }
            let value = read() ?? (name == nil ? lent(descriptor, read) : nil)
            guard let value else {
                // It was taken away meanwhile.
                if errno == ENODATA { continue }
                return nil
            }
            attributes.append(.init(name: key, value: value))
        }
        return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// Zero, or an errno.
    static func write(_ attributes: [SnapshotEntry.Attribute], _ descriptor: Int32, _ name: FileName?) -> Int32 {
        for attribute in attributes {
            let code = attribute.name.withUnsafeBufferPointer { key in
                key.withMemoryRebound(to: CChar.self) { key in
                    attribute.value.withUnsafeBytes { value in
                        with(name) {
                            cspawn_set_attribute(descriptor, $0, key.baseAddress, value.baseAddress, value.count)
                        }
                    }
                }
            }
            if code < 0 { return -code }
        }
        return 0
    }

    /// An attribute needs permission to read its file, whatever it was opened with: it is lent for the moment, as for
    /// opening (``DirectoryReader/openUnreadable(_:_:)``).
    private static func lent(_ descriptor: Int32, _ read: () -> [UInt8]?) -> [UInt8]? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o400 == 0,
            fchmod(descriptor, status.st_mode & 0o7777 | 0o400) == 0
        else { return nil }
        defer { fchmod(descriptor, status.st_mode & 0o7777) }
        return read()
    }

    private static func isKept(_ name: ArraySlice<UInt8>, _ marks: OverlayChanges.Attributes) -> Bool {
        let prefix = Array(marks.rawValue.utf8)
        if name.starts(with: prefix) {
            let mark = name.dropFirst(prefix.count)
            return mark.elementsEqual("opaque".utf8) || mark.elementsEqual("whiteout".utf8)
        }
        return name.starts(with: "user.".utf8)
    }

    private static func with<T>(_ name: FileName?, _ body: (UnsafePointer<CChar>?) -> T) -> T {
        guard let name else { return body(nil) }
        return name.withCString { body($0) }
    }

    private static func bytes(_ read: (UnsafeMutableBufferPointer<UInt8>) -> Int) -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: maximumBytes) { buffer, filled in
            count = read(UnsafeMutableBufferPointer(rebasing: buffer[...]))
            filled = max(0, count)
        }
        return count < 0 ? nil : bytes
    }
}
