import Clibgit2

/// Where a repository is fetched from.
public enum RepositoryRemotes {
    /// More than anybody has.
    private static let mostRemotes = 64

    /// The addresses of the remotes of the repository that holds a folder, as its own configuration has them; empty when
    /// there is none.
    public static func addresses(folder: String) -> [String] {
        guard (try? GitLibrary.require()) != nil else { return [] }
        var repository: OpaquePointer?
        guard git_repository_open_ext(&repository, folder, 0, nil) == 0, let repository else { return [] }
        defer { git_repository_free(repository) }
        var names = git_strarray()
        guard git_remote_list(&names, repository) == 0 else { return [] }
        defer { git_strarray_dispose(&names) }
        return (0..<min(names.count, mostRemotes)).compactMap { index in
            guard let name = names.strings[index] else { return nil }
            var remote: OpaquePointer?
            guard git_remote_lookup(&remote, repository, name) == 0, let remote else { return nil }
            defer { git_remote_free(remote) }
            return git_remote_url(remote).map { String(cString: $0) }
        }
    }
}
