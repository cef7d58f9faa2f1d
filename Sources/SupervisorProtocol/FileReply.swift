/// Answer to a ``FileRequest``.
public enum FileReply: Sendable, Equatable {
    /// Nil when nothing is there.
    case status(Status?)
    case contents(bytes: [UInt8], totalSize: Int)
    /// A part was taken, or the operation is complete.
    case done
    /// A part of a listing.
    case entries([Entry], isLast: Bool, isTruncated: Bool)
    case failure(Failure, errno: Int32)

    public enum Kind: UInt8, Sendable, Equatable {
        case regular = 1
        case directory, symbolicLink, special
    }

    public struct Status: Sendable, Equatable {
        public var kind: Kind
        public var size: Int
        public var mode: UInt32
        public var modifiedNanoseconds: Int64

        public init(kind: Kind, size: Int, mode: UInt32, modifiedNanoseconds: Int64) {
            self.kind = kind
            self.size = size
            self.mode = mode
            self.modifiedNanoseconds = modifiedNanoseconds
        }
    }

    public struct Entry: Sendable, Equatable {
        /// Relative to the workspace; any bytes but zero.
        public var path: [UInt8]
        public var kind: Kind
        public var size: Int

        public init(path: [UInt8], kind: Kind, size: Int) {
            self.path = path
            self.kind = kind
            self.size = size
        }
    }

    public enum Failure: UInt8, Sendable, Equatable {
        case notFound = 1
        case outsideWorkspace, notRegular, tooManyWrites, unexpectedPart, other
    }

    private enum Tag: UInt8 {
        case status = 1
        case contents, done, entries, failure
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .status(let status):
            writer.write(Tag.status.rawValue)
            writer.write(status != nil)
            if let status {
                writer.write(status.kind.rawValue)
                writer.write(UInt64(clamping: status.size))
                writer.write(status.mode)
                writer.write(status.modifiedNanoseconds)
            }
        case .contents(let bytes, let totalSize):
            writer.write(Tag.contents.rawValue)
            writer.write(bytes)
            writer.write(UInt64(clamping: totalSize))
        case .done:
            writer.write(Tag.done.rawValue)
        case .entries(let entries, let isLast, let isTruncated):
            writer.write(Tag.entries.rawValue)
            writer.write(UInt32(clamping: entries.count))
            for entry in entries {
                writer.write(entry.path)
                writer.write(entry.kind.rawValue)
                writer.write(UInt64(clamping: entry.size))
            }
            writer.write(isLast)
            writer.write(isTruncated)
        case .failure(let failure, let errno):
            writer.write(Tag.failure.rawValue)
            writer.write(failure.rawValue)
            writer.write(errno)
        }
    }

    init(from reader: inout ByteReader) throws(ProtocolError) {
        guard let tag = Tag(rawValue: try reader.read()) else { throw .invalidValue("reply") }
        switch tag {
        case .status:
            self = .status(try reader.readBool("found") ? try Status(from: &reader) : nil)
        case .contents:
            self = .contents(
                bytes: try reader.readBytes(atMost: ProtocolLimits.filePart),
                totalSize: try reader.readCount("totalSize"))
        case .done:
            self = .done
        case .entries:
            let count = Int(try reader.read(UInt32.self))
            // An entry has thirteen bytes at least, so a lying count cannot reserve memory.
            guard count * 13 <= reader.remaining else { throw .invalidValue("count") }
            var entries: [Entry] = []
            entries.reserveCapacity(count)
            for _ in 0..<count { entries.append(try Entry(from: &reader)) }
            self = .entries(
                entries, isLast: try reader.readBool("isLast"), isTruncated: try reader.readBool("isTruncated"))
        case .failure:
            guard let failure = Failure(rawValue: try reader.read()) else { throw .invalidValue("failure") }
            self = .failure(failure, errno: try reader.read())
        }
    }
}

extension FileReply.Status {
    init(from reader: inout ByteReader) throws(ProtocolError) {
        guard let kind = FileReply.Kind(rawValue: try reader.read()) else { throw .invalidValue("kind") }
        self.init(
            kind: kind, size: try reader.readCount("size"), mode: try reader.read(),
            modifiedNanoseconds: try reader.read())
    }
}

extension FileReply.Entry {
    init(from reader: inout ByteReader) throws(ProtocolError) {
        let path = try reader.readBytes(atMost: ProtocolLimits.maximumPath)
        guard !path.isEmpty, !path.contains(0) else { throw .invalidValue("path") }
        guard let kind = FileReply.Kind(rawValue: try reader.read()) else { throw .invalidValue("kind") }
        self.init(path: path, kind: kind, size: try reader.readCount("size"))
    }
}
