/// Makes clients of forges.
public enum Forges {
    /// - Throws: ``ForgeError/notConfigured(_:)`` when the settings cannot be right. Nothing is asked of the forge yet.
    public static func forge(_ settings: ForgeSettings) throws -> any Forge {
        try forge(settings, clock: ForgeClock())
    }

    static func forge(_ settings: ForgeSettings, clock: ForgeClock) throws -> any Forge {
        switch settings.kind {
        case .github: try GitHub(settings, clock: clock)
        case .gitlab: try GitLab(settings, clock: clock)
        case .gitea, .forgejo: try Gitea(settings, clock: clock)
        case .bitbucket: try Bitbucket(settings, clock: clock)
        case .bitbucketDataCenter: try BitbucketDataCenter(settings, clock: clock)
        }
    }
}
