import Clibgit2

/// libgit2 itself: initialised once, sealed from the configuration of the machine and the user.
enum GitLibrary {
    /// Who sends a pack must not make the receiver hold more than this at a time.
    private static let largestPackedObject = 1 << 30

    static let ready: Bool = {
        guard git_libgit2_init() >= 0 else { return false }
        // Hashing, ignore rules and diffs must not depend on who runs the service: no system, XDG or global files.
        for level in [GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL] {
            _ = cofferdam_git_set_search_path(level.rawValue, "")
        }
        // Whose repository it is does not matter, since nothing in it is ever run. With the check, a service of another
        // user would find no ignore rules and take build products and secrets along.
        _ = cofferdam_git_set_owner_validation(0)
        _ = cofferdam_git_accept_extensions()
        _ = cofferdam_git_set_largest_packed_object(largestPackedObject)
        return true
    }()

    static func require() throws(GitError) {
        guard ready else { throw GitError(operation: "init", code: -1, message: "libgit2 could not be initialised") }
    }
}
