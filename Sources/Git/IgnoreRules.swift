import Clibgit2

/// The ignore rules (`.gitignore`, `.git/info/exclude`) of the repository that holds a folder.
///
/// libgit2 runs no hooks and no filters for this. Not Sendable: use it on the thread that made it.
public final class IgnoreRules {
    private let repository: OpaquePointer
    /// The folder's path inside the repository's working tree, with a trailing slash; empty at its root.
    private let prefix: String

    /// - Returns: nil when the folder lies in no repository with a working tree.
    public init?(folder: String) {
        guard (try? GitLibrary.require()) != nil else { return nil }
        var repository: OpaquePointer?
        guard git_repository_open_ext(&repository, folder, 0, nil) == 0, let repository else { return nil }
        guard let workdir = git_repository_workdir(repository).map({ String(cString: $0) }),
            (folder + "/").hasPrefix(workdir)
        else {
            git_repository_free(repository)
            return nil
        }
        self.repository = repository
        prefix = String((folder + "/").dropFirst(workdir.count))
    }

    deinit { git_repository_free(repository) }

    /// Whether git would leave this path out; `path` is relative to the folder, a folder's ends with `/`.
    public func ignores(_ path: String) -> Bool {
        var ignored: Int32 = 0
        guard git_ignore_path_is_ignored(&ignored, repository, prefix + path) == 0 else { return false }
        return ignored != 0
    }
}
