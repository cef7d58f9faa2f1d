import Clibarchive

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A tar archive, plain or compressed, read entry by entry through libarchive.
///
/// libarchive only reads: nothing is written to disk by it.
final class ArchiveReader {
    struct Entry {
        enum Kind: Equatable {
            case file
            case directory
            case symbolicLink(target: String)
            case hardLink(target: String)
            /// A device, FIFO or socket.
            case special
        }

        var path: String
        var kind: Kind
        var mode: mode_t
        var owner: Int
        var size: Int
        var modified: time_t
    }

    private let archive: OpaquePointer
    private let path: String
    private static let blockSize = 256 << 10

    /// - Parameter descriptor: an open file at its start; it stays the caller's.
    init(descriptor: Int32, path: String) throws(EnvironmentError) {
        guard let archive = archive_read_new() else {
            throw .brokenArchive(path: path, reason: "there is not enough memory")
        }
        self.archive = archive
        self.path = path
        // Tar and what images are compressed with; no other format, and none of the filters that start programs.
        for code in [
            archive_read_support_format_tar(archive), archive_read_support_filter_gzip(archive),
            archive_read_support_filter_bzip2(archive), archive_read_support_filter_xz(archive),
            archive_read_support_filter_zstd(archive),
        ] where code == ARCHIVE_FATAL || code == ARCHIVE_WARN {
            throw .brokenArchive(path: path, reason: "libarchive lacks a compression that images use")
        }
        // Names are bytes; no conversion by the locale.
        archive_read_set_options(archive, "hdrcharset=BINARY")
        guard archive_read_open_fd(archive, descriptor, Self.blockSize) == ARCHIVE_OK else { throw failure() }
    }

    deinit {
        archive_read_free(archive)
    }

    /// The next entry; nil at the end.
    func next() throws(EnvironmentError) -> Entry? {
        var entry: OpaquePointer?
        while true {
            let code = archive_read_next_header(archive, &entry)
            if code == ARCHIVE_EOF { return nil }
            if code == ARCHIVE_RETRY { continue }
            guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let entry else { throw failure() }
            return try read(entry)
        }
    }

    private func read(_ entry: OpaquePointer) throws(EnvironmentError) -> Entry {
        guard let path = Self.text(archive_entry_pathname_utf8(entry)) ?? Self.text(archive_entry_pathname(entry))
        else {
            throw .hostileEntry(archive: self.path, entry: "?", reason: "has a name that cannot be read")
        }
        let kind: Entry.Kind
        if let target = Self.text(archive_entry_hardlink_utf8(entry)) ?? Self.text(archive_entry_hardlink(entry)) {
            kind = .hardLink(target: target)
        } else {
            switch mode_t(archive_entry_filetype(entry)) & S_IFMT {
            case S_IFREG: kind = .file
            case S_IFDIR: kind = .directory
            case S_IFLNK:
                guard
                    let target = Self.text(archive_entry_symlink_utf8(entry)) ?? Self.text(archive_entry_symlink(entry))
                else { throw .hostileEntry(archive: self.path, entry: path, reason: "is a link to nothing") }
                kind = .symbolicLink(target: target)
            default: kind = .special
            }
        }
        return Entry(
            path: path, kind: kind, mode: mode_t(archive_entry_perm(entry)) & 0o7777,
            owner: Int(archive_entry_uid(entry)), size: max(0, Int(archive_entry_size(entry))),
            modified: archive_entry_mtime(entry))
    }

    /// The contents of the present entry: parts in order, with their offsets (a sparse file has holes).
    func data(_ body: (UnsafeRawBufferPointer, Int) throws(EnvironmentError) -> Void) throws(EnvironmentError) {
        var buffer: UnsafeRawPointer?
        var size = 0
        var offset: la_int64_t = 0
        while true {
            let code = archive_read_data_block(archive, &buffer, &size, &offset)
            if code == ARCHIVE_EOF { return }
            if code == ARCHIVE_RETRY { continue }
            guard code == ARCHIVE_OK || code == ARCHIVE_WARN else { throw failure() }
            try body(UnsafeRawBufferPointer(start: buffer, count: size), Int(offset))
        }
    }

    private func failure() -> EnvironmentError {
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "it ends too early"
        return .brokenArchive(path: path, reason: reason)
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        pointer.flatMap { String(validatingCString: $0) }
    }
}
