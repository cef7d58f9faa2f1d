import Clibgit2

#if canImport(Glibc)
    import Glibc

    private let systemRead = Glibc.read
#else
    import Darwin

    private let systemRead = Darwin.read
#endif

extension Repository {
    /// Writes what an open file holds as a blob, piece by piece.
    /// - Parameter size: bytes that it has; another number is an error, as it changes then.
    public func writeBlob(from descriptor: Int32, size: Int) throws(GitError) -> ObjectID {
        var stream: UnsafeMutablePointer<git_odb_stream>?
        try check("write", git_odb_open_wstream(&stream, database, git_object_size_t(size), GIT_OBJECT_BLOB))
        defer { git_odb_stream_free(stream) }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var left = size
        while true {
            let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.systemError("read") }
            if count == 0 { break }
            left -= count
            guard left >= 0 else { throw GitError(operation: "read", code: -1, message: "the file grows") }
            let code = buffer.withUnsafeBytes {
                git_odb_stream_write(stream, $0.bindMemory(to: CChar.self).baseAddress, count)
            }
            try check("write", code)
        }
        guard left == 0 else { throw GitError(operation: "read", code: -1, message: "the file shrinks") }
        var oid = git_oid()
        try check("write", git_odb_stream_finalize_write(&oid, stream))
        return ObjectID(oid)
    }

    /// Objects that an object names: of a commit its tree, of a tree what is in it but for submodules.
    /// - Returns: with whether they are blobs, and their names in a tree.
    public func children(of id: ObjectID) throws(GitError) -> [(id: ObjectID, isBlob: Bool, name: [UInt8])] {
        switch try header(id).kind {
        case .blob, .tag: return []
        case .commit: return [(try commit(id).tree, false, [])]
        case .tree:
            var found: [(id: ObjectID, isBlob: Bool, name: [UInt8])] = []
            for entry in try tree(id).entries where entry.mode != .submodule {
                found.append((entry.id, entry.mode != .folder, entry.name))
            }
            return found
        }
    }
}
