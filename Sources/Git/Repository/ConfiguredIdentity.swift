import Clibgit2

/// Who makes a repository's commits, by the user's own configuration. Only read: nothing that the configuration names runs.
public struct ConfiguredIdentity: Sendable, Equatable {
    public var name: String
    public var email: String

    /// - Parameters:
    ///   - repository: its `config` counts before the user's; nil: the user's alone.
    ///   - home: the user's home folder.
    ///   - configurationHome: `$XDG_CONFIG_HOME`; nil: `.config` in the home.
    /// - Returns: nil when neither name nor address is set.
    public static func read(repository: Repository?, home: String, configurationHome: String?) -> ConfiguredIdentity? {
        guard (try? GitLibrary.require()) != nil else { return nil }
        var configuration: OpaquePointer?
        guard git_config_new(&configuration) == 0, let configuration else { return nil }
        defer { git_config_free(configuration) }
        let files: [(String, git_config_level_t)] =
            [
                ("\(configurationHome ?? "\(home)/.config")/git/config", GIT_CONFIG_LEVEL_XDG),
                ("\(home)/.gitconfig", GIT_CONFIG_LEVEL_GLOBAL),
            ] + (repository.map { [("\($0.commonDirectory)config", GIT_CONFIG_LEVEL_LOCAL)] } ?? [])
        for (path, level) in files {
            // One that is missing or broken counts as empty.
            _ = git_config_add_file_ondisk(configuration, path, level, repository?.handle, 0)
        }
        let name = text("user.name", configuration)
        let email = text("user.email", configuration)
        guard name != nil || email != nil else { return nil }
        return ConfiguredIdentity(name: name ?? "unknown", email: email ?? "")
    }

    private static func text(_ key: String, _ configuration: OpaquePointer) -> String? {
        var buffer = git_buf()
        defer { git_buf_dispose(&buffer) }
        guard git_config_get_string_buf(&buffer, configuration, key) == 0, let start = buffer.ptr else { return nil }
        let text = String(cString: start)
        return text.isEmpty || text.utf8.count > 1000 ? nil : text
    }
}
