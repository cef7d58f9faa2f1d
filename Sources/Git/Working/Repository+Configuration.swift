import Clibgit2

extension Repository {
    /// A value of the repository's configuration; nil when it is not there.
    public func configured(_ key: String) -> String? {
        var configuration: OpaquePointer?
        guard git_repository_config_snapshot(&configuration, handle) == 0 else { return nil }
        defer { git_config_free(configuration) }
        var value: UnsafePointer<CChar>?
        guard git_config_get_string(&value, configuration, key) == 0 else { return nil }
        return value.map { String(cString: $0) }
    }

    /// Values of the configuration that stand beneath the repository's own, as if the user's file had them.
    /// - Parameter file: in git's format; read now, and looked at again while the repository is open.
    public func addConfiguration(file: String) throws(GitError) {
        var configuration: OpaquePointer?
        try check("read the configuration", git_repository_config(&configuration, handle))
        defer { git_config_free(configuration) }
        try check(
            "read \(file)",
            git_config_add_file_ondisk(configuration, file, GIT_CONFIG_LEVEL_GLOBAL, handle, 1))
    }

    /// Sets a value of the repository's own configuration: for repositories that we made.
    public func configure(_ key: String, _ value: String) throws(GitError) {
        var configuration: OpaquePointer?
        try check("write the configuration", git_repository_config(&configuration, handle))
        defer { git_config_free(configuration) }
        try check("write the configuration", git_config_set_string(configuration, key, value))
    }

    /// From now on working-tree rules (ignore files, attributes) are read beneath `folder`: for bare repositories that
    /// we made. Nothing is written.
    public func standOn(_ folder: String) throws(GitError) {
        try check("stand on \(folder)", git_repository_set_workdir(handle, folder, 0))
    }

    /// Values of a file in git's format, without a repository.
    /// - Returns: nil when it cannot be read.
    public static func values(ofFile file: String, keys: [String]) -> [String: String]? {
        guard (try? GitLibrary.require()) != nil else { return nil }
        var configuration: OpaquePointer?
        guard git_config_new(&configuration) == 0 else { return nil }
        defer { git_config_free(configuration) }
        guard git_config_add_file_ondisk(configuration, file, GIT_CONFIG_LEVEL_GLOBAL, nil, 0) == 0 else { return nil }
        var snapshot: OpaquePointer?
        guard git_config_snapshot(&snapshot, configuration) == 0 else { return nil }
        defer { git_config_free(snapshot) }
        var values: [String: String] = [:]
        for key in keys {
            var value: UnsafePointer<CChar>?
            if git_config_get_string(&value, snapshot, key) == 0, let value { values[key] = String(cString: value) }
        }
        return values
    }
}
