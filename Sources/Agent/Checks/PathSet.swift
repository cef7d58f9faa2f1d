import Policy
import ProjectConfiguration

/// The paths that some globs of a check fit; see `PathGlob`.
struct PathSet: Sendable {
    private let patterns: [PathPattern]

    init(_ globs: [String]) { patterns = globs.flatMap(PathGlob.expanded).map(PathPattern.init) }

    /// - Parameter path: relative to the workspace.
    func contains(_ path: String) -> Bool { patterns.contains { $0.matches(path) } }
}
