import Clibgit2

extension Repository {
    /// A repository that holds objects in memory and has nothing else: many small objects are made there and come to a
    /// disk as one pack.
    public static func inMemory() throws(GitError) -> Repository {
        try GitLibrary.require()
        var database: OpaquePointer?
        try check("make objects", git_odb_new(&database))
        defer { git_odb_free(database) }
        var backend: OpaquePointer?
        try check("make objects", git_mempack_new(&backend))
        // The objects own it from here on.
        try check("make objects", git_odb_add_backend(database, backend, 1))
        var handle: OpaquePointer?
        try check("make objects", git_repository_wrap_odb(&handle, database))
        guard let handle else { throw GitError(operation: "make objects", code: -1, message: "no repository") }
        return try Repository(handle)
    }

    /// Takes all that was written to another repository as one pack, on the disk when this returns.
    /// - Parameter scratch: path of a new file, which is removed again.
    public func take(_ other: Repository, scratch: String) throws(GitError) {
        let ids = Array(Set(other.written))
        guard !ids.isEmpty else { return }
        _ = try other.writePack(of: ids, to: scratch)
        defer { PackFile.remove(scratch) }
        let receiver = try PackReceiver(self)
        try PackFile.read(scratch) { (bytes) throws(GitError) in try receiver.append(bytes) }
        try receiver.finish()
        try flush(pack: receiver.name)
    }
}
