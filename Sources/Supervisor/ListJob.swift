import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A listing that goes on in small steps, so that a large tree does not hold up anything else.
final class ListJob {
    /// A directory on the way, with the names that are still to come in reverse order.
    private struct Level {
        var directory: Int32
        var prefix: [UInt8]
        var names: [[UInt8]]
    }

    let number: UInt64
    private(set) var isFinished = false
    private let recursive: Bool
    private var left: Int
    private var levels: [Level] = []
    private var isTruncated = false

    /// Entries in one step; a few hundred microseconds.
    private static let stepEntries = 256
    /// Open directories at the same time.
    private static let maximumDepth = 128

    init(number: UInt64, directory: Int32, prefix: [UInt8], recursive: Bool, maximum: Int) {
        self.number = number
        self.recursive = recursive
        left = maximum
        enter(directory, prefix: prefix)
    }

    deinit {
        for level in levels { System.close(level.directory) }
    }

    /// The next part.
    func step() -> [FileReply] {
        var entries: [FileReply.Entry] = []
        while entries.count < Self.stepEntries {
            guard var level = levels.popLast() else {
                isFinished = true
                break
            }
            guard let name = level.names.popLast() else {
                System.close(level.directory)
                continue
            }
            levels.append(level)
            guard left > 0 else {
                isTruncated = true
                isFinished = true
                break
            }
            if let entry = entry(name, in: level) { entries.append(entry) }
        }
        return [.entries(entries, isLast: isFinished, isTruncated: isTruncated)]
    }

    private func entry(_ name: [UInt8], in level: Level) -> FileReply.Entry? {
        let path = level.prefix.isEmpty ? name : level.prefix + [UInt8(ascii: "/")] + name
        guard path.count <= ProtocolLimits.maximumPath else {
            isTruncated = true
            return nil
        }
        var information = stat()
        let found = withCString(name) { fstatat(level.directory, $0, &information, AT_SYMLINK_NOFOLLOW) == 0 }
        guard found else { return nil }
        left -= 1
        let status = FileReply.Status(information)
        if recursive, status.kind == .directory { descend(name, path: path, in: level) }
        return FileReply.Entry(path: path, kind: status.kind, size: status.size)
    }

    private func descend(_ name: [UInt8], path: [UInt8], in level: Level) {
        guard levels.count < Self.maximumDepth else {
            isTruncated = true
            return
        }
        let directory = withCString(name) {
            cspawn_open_beneath(level.directory, $0, O_RDONLY | O_DIRECTORY, 0, CSPAWN_NO_SYMLINKS)
        }
        if directory >= 0 { enter(directory, prefix: path) }
    }

    private func enter(_ directory: Int32, prefix: [UInt8]) {
        var names: [[UInt8]] = []
        // fdopendir takes its descriptor over; ours stays for fstatat.
        let copy = fcntl(directory, F_DUPFD_CLOEXEC, 0)
        if copy >= 0, let stream = fdopendir(copy) {
            while let item = readdir(stream) {
                let name = withUnsafePointer(to: &item.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                        Array(UnsafeRawBufferPointer(start: characters, count: strnlen(characters, 256)))
                    }
                }
                guard !Self.skipped.contains(name) else { continue }
                guard names.count < ProtocolLimits.maximumEntries else {
                    isTruncated = true
                    break
                }
                names.append(name)
            }
            closedir(stream)
        }
        names.sort { $1.lexicographicallyPrecedes($0) }
        levels.append(Level(directory: directory, prefix: prefix, names: names))
    }

    /// The repository's own store is no part of the work.
    private static let skipped: Set<[UInt8]> = [Array(".".utf8), Array("..".utf8), Array(".git".utf8)]

    private func withCString<T>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> T) -> T {
        (name + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                guard let base = characters.baseAddress else { return "".withCString(body) }
                return body(base)
            }
        }
    }
}
