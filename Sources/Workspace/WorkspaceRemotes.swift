import Git

/// Where the repository of a user's folder is fetched from.
public enum WorkspaceRemotes {
    /// Addresses as the user's repository has them; empty when the folder is in none.
    public static func addresses(of folder: String) -> [String] { RepositoryRemotes.addresses(folder: folder) }
}
