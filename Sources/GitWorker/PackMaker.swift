import Git
import Workspace

#if canImport(Glibc)
    import Glibc

    private let systemRead = Glibc.read
#else
    import Darwin

    private let systemRead = Darwin.read
#endif

/// Packs on the user's disk.
struct PackMaker {
    let repository: Repository

    /// - Parameters:
    ///   - base: a tree that the receiver has.
    ///   - path: a new file.
    /// - Returns: its bytes.
    func write(_ objects: [(id: ObjectID, name: [UInt8])], base: ObjectID?, to path: String) throws -> Int {
        // git itself makes packs faster, and thin ones, which libgit2 cannot.
        if let bytes = try ThinPack.write(objects, base: base, objectsOf: repository, to: path) { return bytes }
        return try repository.writePack(of: objects.map(\.id), to: path)
    }

    /// The last twenty bytes.
    static func checksum(_ path: String) -> ObjectID? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard lseek(file, -20, SEEK_END) >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 20)
        guard bytes.withUnsafeMutableBytes({ systemRead(file, $0.baseAddress, $0.count) }) == 20 else { return nil }
        return ObjectID(bytes: bytes)
    }

    static func receive(_ path: String, into repository: Repository) throws {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            throw WorkspaceError.fileFailed(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(file) }
        let receiver = try PackReceiver(repository)
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw WorkspaceError.fileFailed(path: path, reason: String(cString: strerror(errno)))
            }
            if count == 0 { break }
            try receiver.append(Array(chunk[..<count]))
        }
        try receiver.finish()
    }
}
