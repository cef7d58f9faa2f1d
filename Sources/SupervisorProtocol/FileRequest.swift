/// A file operation beneath the workspace. Paths are relative to it; the empty path is the workspace itself.
public enum FileRequest: Sendable, Equatable {
    case stat(path: String)
    case read(path: String, offset: Int, maximum: Int)
    /// One part of a file to write. The parts of one file have the same number; only the last one is visible to others.
    case write(WritePart)
    case remove(path: String)
    case list(path: String, recursive: Bool, maximumEntries: Int)

    public struct WritePart: Sendable, Equatable {
        public var path: String
        /// Permission bits; nil keeps those of the present file.
        public var mode: UInt32?
        public var bytes: [UInt8]
        public var isFirst: Bool
        public var isLast: Bool

        public init(path: String, mode: UInt32?, bytes: [UInt8], isFirst: Bool, isLast: Bool) {
            self.path = path
            self.mode = mode
            self.bytes = bytes
            self.isFirst = isFirst
            self.isLast = isLast
        }
    }

    /// Whether doing it twice is the same as doing it once.
    public var isRepeatable: Bool {
        switch self {
        case .stat, .read, .list: true
        case .write, .remove: false
        }
    }

    private enum Kind: UInt8 {
        case stat = 1
        case read, write, remove, list
    }

    /// Set-uid, set-gid and sticky bits are not accepted.
    private static let permissionBits: UInt32 = 0o777

    func write(to writer: inout ByteWriter) {
        switch self {
        case .stat(let path):
            writer.write(Kind.stat.rawValue)
            writer.write(path)
        case .read(let path, let offset, let maximum):
            writer.write(Kind.read.rawValue)
            writer.write(path)
            writer.write(UInt64(clamping: offset))
            writer.write(UInt64(clamping: maximum))
        case .write(let part):
            writer.write(Kind.write.rawValue)
            writer.write(part.path)
            writer.write(part.mode != nil)
            writer.write(part.mode ?? 0)
            writer.write(part.bytes)
            writer.write(part.isFirst)
            writer.write(part.isLast)
        case .remove(let path):
            writer.write(Kind.remove.rawValue)
            writer.write(path)
        case .list(let path, let recursive, let maximumEntries):
            writer.write(Kind.list.rawValue)
            writer.write(path)
            writer.write(recursive)
            writer.write(UInt64(clamping: maximumEntries))
        }
    }

    init(from reader: inout ByteReader) throws(ProtocolError) {
        guard let kind = Kind(rawValue: try reader.read()) else { throw .invalidValue("operation") }
        let path = try reader.readText(atMost: ProtocolLimits.maximumPath)
        switch kind {
        case .stat:
            self = .stat(path: path)
        case .read:
            self = .read(
                path: path, offset: try reader.readCount("offset"),
                maximum: try reader.readCount("maximum", atMost: ProtocolLimits.filePart))
        case .write:
            let hasMode = try reader.readBool("hasMode")
            let mode: UInt32 = try reader.read()
            guard mode & ~Self.permissionBits == 0 else { throw .invalidValue("mode") }
            self = .write(
                WritePart(
                    path: path, mode: hasMode ? mode : nil,
                    bytes: try reader.readBytes(atMost: ProtocolLimits.filePart),
                    isFirst: try reader.readBool("isFirst"), isLast: try reader.readBool("isLast")))
        case .remove:
            self = .remove(path: path)
        case .list:
            self = .list(
                path: path, recursive: try reader.readBool("recursive"),
                maximumEntries: try reader.readCount("maximumEntries", atMost: ProtocolLimits.maximumEntries))
        }
    }
}
