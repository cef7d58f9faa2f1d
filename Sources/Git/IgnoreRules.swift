import Clibgit2

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The ignore rules (`.gitignore`, `.git/info/exclude`) of the repository that holds a folder.
///
/// As in git, what is tracked is never ignored. libgit2 runs no hooks and no filters for this.
/// Not Sendable: use it on the thread that made it.
public final class IgnoreRules {
    private let repository: OpaquePointer
    private let index: OpaquePointer?
    /// The folder's path inside the repository's working tree, with a trailing slash; empty at its root.
    private let prefix: String

    /// - Returns: nil when the folder lies in no repository with a working tree, or is itself ignored there: it then
    ///   stands for itself.
    /// - Parameter excludes: the user's own file with rules for all repositories.
    public init?(folder: String, excludes: String? = nil) {
        guard (try? GitLibrary.require()) != nil, let real = Self.real(folder) else { return nil }
        var repository: OpaquePointer?
        guard git_repository_open_ext(&repository, real, 0, nil) == 0, let repository else { return nil }
        guard let workdir = git_repository_workdir(repository).map({ String(cString: $0) }),
            (real + "/").utf8.starts(with: workdir.utf8)
        else {
            git_repository_free(repository)
            return nil
        }
        if let excludes { Self.add(excludes, to: repository) }
        self.repository = repository
        prefix = String(decoding: (real + "/").utf8.dropFirst(workdir.utf8.count), as: UTF8.self)
        var index: OpaquePointer?
        self.index = git_repository_index(&index, repository) == 0 ? index : nil
        if !prefix.isEmpty, ignores("") { return nil }
    }

    /// The rules that a folder's own `.gitignore` files give, as a checkout of it would have them. What is tracked is
    /// not known.
    ///
    /// - Parameter checkout: absolute path of a folder that belongs to no repository.
    /// - Returns: nil when it cannot be opened.
    public init?(checkout: String) {
        guard (try? GitLibrary.require()) != nil, let real = Self.real(checkout) else { return nil }
        var database: OpaquePointer?
        guard git_odb_new(&database) == 0 else { return nil }
        defer { git_odb_free(database) }
        var repository: OpaquePointer?
        guard git_repository_wrap_odb(&repository, database) == 0, let repository else { return nil }
        guard git_repository_set_workdir(repository, real, 0) == 0 else {
            git_repository_free(repository)
            return nil
        }
        self.repository = repository
        index = nil
        prefix = ""
    }

    deinit {
        git_index_free(index)
        git_repository_free(repository)
    }

    /// Whether git would leave this path out; `path` is relative to the folder, a folder's ends with `/`.
    public func ignores(_ path: String) -> Bool {
        let full = prefix + path
        // Asked first: it is a look-up, while the rules are matched one by one.
        if isTracked(full) { return false }
        var ignored: Int32 = 0
        return git_ignore_path_is_ignored(&ignored, repository, full) == 0 && ignored != 0
    }

    /// libgit2 takes settings from files only, and reads this one at once.
    private static func add(_ excludes: String, to repository: OpaquePointer) {
        guard !excludes.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) else { return }
        let text = "[core]\n\texcludesFile = \"\(excludes)\"\n"
        guard let path = try? TemporaryFile.make(Array(text.utf8)) else { return }
        defer { unlink(path) }
        var configuration: OpaquePointer?
        guard git_repository_config(&configuration, repository) == 0 else { return }
        defer { git_config_free(configuration) }
        _ = git_config_add_file_ondisk(configuration, path, GIT_CONFIG_LEVEL_GLOBAL, repository, 1)
        // Looked up now, while the file is there: the rules stay loaded.
        var ignored: Int32 = 0
        _ = git_ignore_path_is_ignored(&ignored, repository, "x")
    }

    /// Whether the index has the file, or a file in the folder.
    private func isTracked(_ path: String) -> Bool {
        guard let index else { return false }
        if path.utf8.last == UInt8(ascii: "/") { return git_index_find_prefix(nil, index, path) == 0 }
        return git_index_get_bypath(index, path, 0) != nil
    }

    private static func real(_ folder: String) -> String? {
        guard let resolved = realpath(folder, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
