import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the user's own git configuration says, as far as it matters to what is recorded.
public struct UserGitSettings: Sendable, Equatable {
    public var values: [String: String] = [:]
    /// The file with ignore rules for all repositories.
    public var excludesFile: String?
    /// The file with attributes for all repositories.
    public var attributesFile: String?
    public var author: WorkspaceOrigin.Author?

    public init() {}

    /// - Parameter environment: of the user (`HOME`, `XDG_CONFIG_HOME`, `GIT_CONFIG_GLOBAL`, `GIT_AUTHOR_NAME`, …).
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = value("HOME")
        let folder = value("XDG_CONFIG_HOME") ?? home.map { "\($0)/.config" }
        var files = environment["GIT_CONFIG_NOSYSTEM"] == nil ? [value("GIT_CONFIG_SYSTEM") ?? "/etc/gitconfig"] : []
        if let global = value("GIT_CONFIG_GLOBAL") {
            files.append(global)
        } else {
            files += [folder.map { "\($0)/git/config" }, home.map { "\($0)/.gitconfig" }].compactMap { $0 }
        }
        for file in files where access(file, R_OK) == 0 {
            values.merge(Repository.values(ofFile: file, keys: Self.keys) ?? [:]) { $1 }
        }
        func file(_ key: String, _ name: String) -> String? {
            guard let set = values.removeValue(forKey: key) else { return folder.map { "\($0)/git/\(name)" } }
            return set.hasPrefix("~/") ? home.map { "\($0)/\(set.dropFirst(2))" } : set
        }
        excludesFile = file("core.excludesfile", "ignore").flatMap { access($0, R_OK) == 0 ? $0 : nil }
        attributesFile = file("core.attributesfile", "attributes").flatMap { access($0, R_OK) == 0 ? $0 : nil }
        let name = value("GIT_AUTHOR_NAME") ?? values.removeValue(forKey: "user.name")
        let email = value("GIT_AUTHOR_EMAIL") ?? values.removeValue(forKey: "user.email")
        if let name, let email { author = WorkspaceOrigin.Author(name: name, email: email) }
    }

    private static let keys = [
        "user.name", "user.email", "core.autocrlf", "core.eol", "core.excludesfile", "core.attributesfile",
    ]
}
