import Git
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `git pack-objects` of the system in an empty repository of its own that only borrows the user's objects: no setting of
/// the user's repository counts.
enum ThinPack {
    /// - Returns: bytes of the pack; nil where there is no git, or it fails.
    static func write(
        _ objects: [(id: ObjectID, name: [UInt8])], base: ObjectID?, objectsOf repository: Repository, to path: String
    ) throws -> Int? {
        let own = "\(path).git"
        _ = try Repository.create(bare: own)
        defer { FolderRemoval.remove(own) }
        let output = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else {
            throw WorkspaceError.fileFailed(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(output) }
        var file = stat()
        do {
            try SealedGit(repository: own).runBlocking(
                ["pack-objects", "-q", "--stdout", "--delta-base-offset", "--threads=2", "--window-memory=64m"]
                    + (base == nil ? [] : ["--thin"]),
                input: input(objects, base),
                environment: [
                    "GIT_OBJECT_DIRECTORY": "\(repository.commonDirectory)objects", "GIT_NO_LAZY_FETCH": "1",
                ], output: output)
        } catch {
            unlink(path)
            return nil
        }
        guard fstat(output, &file) == 0, file.st_size > 32 else {
            unlink(path)
            return nil
        }
        return Int(file.st_size)
    }

    /// As `git pack-objects` reads it: trees that the receiver has with a minus, objects with their names.
    private static func input(_ objects: [(id: ObjectID, name: [UInt8])], _ base: ObjectID?) -> [UInt8] {
        var text: [UInt8] = []
        if let base { text += Array("-\(base)\n".utf8) }
        for (id, name) in objects {
            text += Array(id.description.utf8)
            if !name.isEmpty, !name.contains(UInt8(ascii: "\n")) { text += [UInt8(ascii: " ")] + name }
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }
}
