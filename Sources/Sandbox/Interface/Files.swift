/// Kind of a thing in the file system.
public enum FileKind: Sendable, Equatable {
    case regular
    case directory
    case symbolicLink
    /// FIFO, socket or device.
    case special
}

/// What stands at a path.
public struct FileStatus: Sendable, Equatable {
    public var kind: FileKind
    /// Bytes of a regular file.
    public var size: Int
    /// Permission bits.
    public var mode: UInt32
    /// Last change of the contents, nanoseconds since 1970.
    public var modifiedNanoseconds: Int

    public init(kind: FileKind, size: Int, mode: UInt32, modifiedNanoseconds: Int) {
        self.kind = kind
        self.size = size
        self.mode = mode
        self.modifiedNanoseconds = modifiedNanoseconds
    }
}

/// A part of a regular file.
public struct FileContents: Sendable, Equatable {
    public var bytes: [UInt8]
    /// Size of the whole file.
    public var totalSize: Int

    public init(bytes: [UInt8], totalSize: Int) {
        self.bytes = bytes
        self.totalSize = totalSize
    }
}

/// Entries of a directory, relative to the workspace.
public struct FileListing: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        /// Relative to the workspace. Bytes that are not UTF-8 are replaced; such a path opens nothing.
        public var path: String
        public var kind: FileKind
        /// Bytes of a regular file.
        public var size: Int

        public init(path: String, kind: FileKind, size: Int) {
            self.path = path
            self.kind = kind
            self.size = size
        }
    }

    public var entries: [Entry]
    /// There are more entries than were asked for.
    public var isTruncated: Bool

    public init(entries: [Entry], isTruncated: Bool) {
        self.entries = entries
        self.isTruncated = isTruncated
    }
}

/// A file that a command left in a scratch folder.
public struct ScratchFile: Sendable, Equatable {
    /// Relative to the folder.
    public var path: String
    public var bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}
