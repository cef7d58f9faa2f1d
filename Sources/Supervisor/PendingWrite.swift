import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is being replaced: the bytes gather in a temporary file beside it, and one rename shows them to others.
final class PendingWrite {
    private let parent: Int32
    private let name: String
    private let temporaryName: String
    private let descriptor: Int32
    private var isCommitted = false

    /// Links to links that are followed before giving up; the kernel's own limit is 40.
    private static let maximumLinks = 16
    private static let newFileMode: mode_t = 0o644

    /// Makes missing parent directories and the temporary file.
    init(_ path: String, mode: UInt32?, files: FileService) throws(FileFailure) {
        var place = try Place(path)
        parent = try Self.findParent(&place, files: files)
        name = place.name
        do throws(FileFailure) {
            let present = try Self.presentMode(parent, name)
            temporaryName = ".cofferdam-\(ExecID()).tmp"
            descriptor = openat(parent, temporaryName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw FileFailure(errno: errno) }
            fchmod(descriptor, mode_t(mode ?? present ?? Self.newFileMode))
        } catch {
            System.close(parent)
            throw error
        }
    }

    func append(_ bytes: [UInt8]) throws(FileFailure) {
        let error = bytes.withUnsafeBytes { System.writeAll(descriptor, $0).error }
        guard error == 0 else { throw FileFailure(errno: error) }
    }

    func commit() throws(FileFailure) {
        guard renameat(parent, temporaryName, parent, name) == 0 else { throw FileFailure(errno: errno) }
        isCommitted = true
    }

    deinit {
        if !isCommitted { unlinkat(parent, temporaryName, 0) }
        System.close(descriptor)
        System.close(parent)
    }

    /// Opens the directory in which the file stands. A link at the end of the path is followed beneath the workspace, so
    /// that the file that it names is replaced and not the link.
    private static func findParent(_ place: inout Place, files: FileService) throws(FileFailure) -> Int32 {
        for _ in 0..<maximumLinks {
            let parent = try makeDirectories(place.parent, files: files)
            guard let target = linkTarget(parent, place.name) else { return parent }
            System.close(parent)
            guard !target.hasPrefix("/"), !place.isScratch else { throw .outside }
            place = try Place(normalized(place.parent + "/" + target))
        }
        throw FileFailure(.other, errno: ELOOP)
    }

    private static func makeDirectories(_ path: String, files: FileService) throws(FileFailure) -> Int32 {
        let (start, rest) = FileService.split(path)
        var current = try files.resolve(start, System.pathOnly | O_DIRECTORY)
        var prefix = start
        for part in rest.split(separator: "/") {
            prefix += prefix.isEmpty ? String(part) : "/\(part)"
            do throws(FileFailure) {
                let next: Int32
                do throws(FileFailure) {
                    next = try files.resolve(prefix, System.pathOnly | O_DIRECTORY)
                } catch {
                    guard error.errno == ENOENT else { throw error }
                    guard mkdirat(current, String(part), 0o777) == 0 || errno == EEXIST else {
                        throw FileFailure(errno: errno)
                    }
                    next = try files.resolve(prefix, System.pathOnly | O_DIRECTORY)
                }
                System.close(current)
                current = next
            } catch {
                System.close(current)
                throw error
            }
        }
        return current
    }

    private static func linkTarget(_ parent: Int32, _ name: String) -> String? {
        let bytes = [UInt8](unsafeUninitializedCapacity: ProtocolLimits.maximumPath) { buffer, filled in
            let count = buffer.withMemoryRebound(to: CChar.self) {
                $0.baseAddress.map { readlinkat(parent, name, $0, ProtocolLimits.maximumPath) } ?? 0
            }
            filled = max(0, count)
        }
        // A target that is not UTF-8 becomes a name with replacement characters: another place, but still beneath.
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Resolves `.` and `..` by their letters. Where that differs from the file system (a link before `..`) the result is
    /// another place beneath the workspace, never one outside.
    private static func normalized(_ path: String) throws(FileFailure) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(part)
            } else if parts.popLast() == nil {
                throw .outside
            }
        }
        return parts.joined(separator: "/")
    }

    /// Permission bits of the file that is replaced; nil when there is none. Anything but a regular file is refused.
    private static func presentMode(_ parent: Int32, _ name: String) throws(FileFailure) -> mode_t? {
        var information = stat()
        guard fstatat(parent, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw FileFailure(errno: errno)
        }
        guard information.st_mode & S_IFMT == S_IFREG else { throw FileFailure(.notRegular, errno: EISDIR) }
        return information.st_mode & 0o777
    }
}
