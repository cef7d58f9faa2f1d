import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// File operations beneath the workspace, in the same mount namespace that commands see.
///
/// The kernel resolves every path beneath the open root (openat2), so neither `..` nor a link, planted or swapped at any
/// moment, leads outside. Nothing that could block is ever waited for: FIFOs and devices are refused.
///
/// Absolute paths are those of the scratch directory, where commands leave what is to be read and is no part of the
/// work. There no link is followed at all.
final class FileService {
    let root: Int32
    private let scratch: Int32
    private var writes: [UInt64: PendingWrite] = [:]

    /// Fails when the workspace cannot be opened.
    init?(root path: String) {
        let descriptor = open(path, System.pathOnly | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        root = descriptor
        scratch = open(Self.scratchPath, System.pathOnly | O_DIRECTORY | O_CLOEXEC)
    }

    private static let scratchPath = ProtocolLimits.scratchDirectory

    /// Where a path begins, and what is beneath it.
    static func split(_ path: String) -> (start: String, rest: Substring) {
        guard path == scratchPath || path.hasPrefix(scratchPath + "/") else { return ("", path[...]) }
        return (scratchPath, path.dropFirst(scratchPath.count).drop { $0 == "/" })
    }

    deinit {
        System.close(root)
        if scratch >= 0 { System.close(scratch) }
    }

    /// Everything but listings, which go in steps.
    func perform(_ request: FileRequest, number: UInt64) -> FileReply {
        do {
            switch request {
            case .stat(let path): return try stat(path)
            case .read(let path, let offset, let maximum): return try read(path, offset: offset, maximum: maximum)
            case .write(let part): return try write(part, number: number)
            case .remove(let path): return try remove(path)
            case .list: return .failure(.other, errno: EINVAL)
            }
        } catch {
            return error.reply
        }
    }

    /// Drops files that are half written.
    func abandonWrites() {
        writes = [:]
    }

    /// Opens beneath the root; the caller closes.
    func resolve(_ path: String, _ flags: Int32, mode: UInt32 = 0, follow: Bool = true) throws(FileFailure) -> Int32 {
        let (start, rest) = Self.split(path)
        let inScratch = !start.isEmpty
        guard !rest.hasPrefix("/"), !inScratch || scratch >= 0 else { throw .outside }
        let target = rest.isEmpty ? "." : String(rest)
        let descriptor = cspawn_open_beneath(
            inScratch ? scratch : root, target, flags | (follow ? 0 : O_NOFOLLOW), mode,
            inScratch ? CSPAWN_NO_SYMLINKS : CSPAWN_BENEATH)
        guard descriptor >= 0 else { throw FileFailure(errno: -descriptor) }
        return descriptor
    }

    private func stat(_ path: String) throws(FileFailure) -> FileReply {
        let descriptor: Int32
        do {
            descriptor = try resolve(path, System.pathOnly)
        } catch {
            guard error.kind == .notFound || error.kind == .outsideWorkspace else { throw error }
            // A link that leads nowhere or outside is still there itself.
            do {
                descriptor = try resolve(path, System.pathOnly, follow: false)
            } catch let second {
                guard second.kind == .notFound else { throw second }
                return .status(nil)
            }
        }
        defer { System.close(descriptor) }
        return .status(try Self.status(of: descriptor))
    }

    private func read(_ path: String, offset: Int, maximum: Int) throws(FileFailure) -> FileReply {
        let descriptor = try resolve(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        defer { System.close(descriptor) }
        let status = try Self.status(of: descriptor)
        guard status.kind == .regular else { throw FileFailure(.notRegular, errno: EINVAL) }
        guard offset < status.size else { return .contents(bytes: [], totalSize: status.size) }
        guard let bytes = System.readAt(descriptor, offset: offset, count: min(maximum, status.size - offset)) else {
            throw FileFailure(errno: errno)
        }
        return .contents(bytes: bytes, totalSize: status.size)
    }

    private func remove(_ path: String) throws(FileFailure) -> FileReply {
        let place = try Place(path)
        let parent = try resolve(place.parent, System.pathOnly | O_DIRECTORY)
        defer { System.close(parent) }
        if unlinkat(parent, place.name, 0) == 0 { return .done }
        guard errno == EISDIR, unlinkat(parent, place.name, AT_REMOVEDIR) != 0 else {
            return errno == EISDIR ? .done : .failure(FileFailure(errno: errno).kind, errno: errno)
        }
        return .failure(.other, errno: errno)
    }

    private func write(_ part: FileRequest.WritePart, number: UInt64) throws(FileFailure) -> FileReply {
        if part.isFirst {
            guard writes[number] == nil else { throw FileFailure(.unexpectedPart, errno: EINVAL) }
            guard writes.count < ProtocolLimits.maximumOpenWrites else {
                throw FileFailure(.tooManyWrites, errno: EMFILE)
            }
            writes[number] = try PendingWrite(part.path, mode: part.mode, files: self)
        }
        guard let pending = writes[number] else { throw FileFailure(.unexpectedPart, errno: EINVAL) }
        do {
            try pending.append(part.bytes)
            if part.isLast {
                try pending.commit()
                writes[number] = nil
            }
        } catch {
            writes[number] = nil
            throw error
        }
        return .done
    }

    func list(
        _ path: String, number: UInt64, recursive: Bool, maximum: Int
    ) -> Result<ListJob, FileFailure> {
        do {
            let descriptor = try resolve(path, O_RDONLY | O_DIRECTORY)
            return .success(
                ListJob(
                    number: number, directory: descriptor, prefix: Array(path.utf8), recursive: recursive,
                    maximum: maximum))
        } catch {
            return .failure(error)
        }
    }

    static func status(of descriptor: Int32) throws(FileFailure) -> FileReply.Status {
        var information = Glibc.stat()
        guard fstat(descriptor, &information) == 0 else { throw FileFailure(errno: errno) }
        return FileReply.Status(information)
    }
}

extension FileReply.Status {
    init(_ information: stat) {
        let kind = FileReply.Kind(mode: information.st_mode)
        self.init(
            kind: kind, size: kind == .regular ? max(0, Int(information.st_size)) : 0,
            mode: information.st_mode & 0o7777,
            modifiedNanoseconds: Self.nanoseconds(information.st_mtim))
    }

    /// Anybody may give a file a time that nanoseconds in 64 bits do not reach (1677 to 2262): the nearest then.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (whole, isTooLarge) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumIsTooLarge) = whole.addingReportingOverflow(Int64(time.tv_nsec))
        return isTooLarge || sumIsTooLarge ? (time.tv_sec < 0 ? .min : .max) : sum
    }
}

extension FileReply.Kind {
    init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .regular
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink
        default: self = .special
        }
    }
}

/// A path as a directory and a name in it.
struct Place {
    var parent: String
    var name: String

    /// Refuses the workspace itself, absolute paths but those of the scratch directory, and `..` anywhere.
    init(_ path: String) throws(FileFailure) {
        let (start, rest) = FileService.split(path)
        let parts = rest.split(separator: "/").filter { $0 != "." }
        guard let last = parts.last, !rest.hasPrefix("/"), !parts.contains("..") else { throw .outside }
        parent = ((start.isEmpty ? [] : [start]) + parts.dropLast().map(String.init)).joined(separator: "/")
        name = String(last)
    }

    var isScratch: Bool { parent.hasPrefix("/") }
}
