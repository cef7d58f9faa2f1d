import Git
import ProjectConfiguration

/// What a check's result depends on: the whole tree, or the files that its `paths` name.
struct CheckInputs: Sendable {
    private let paths: PathSet?
    /// A script that the command runs decides as much as what it looks at.
    private let words: Set<String>

    init(_ check: CheckDefinition) {
        paths = check.paths.map { PathSet($0) }
        words = Set(check.command.map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 })
    }

    /// Whether the check depends on some files only.
    var areSome: Bool { paths != nil }

    /// Equal for two states of the same snapshot when nothing is different that the check depends on.
    func key(_ state: ChangeTracker.State) throws(GitError) -> String {
        guard let paths else { return state.treeHash }
        var text = ""
        for change in state.changes.sorted(by: { $0.path < $1.path })
        where words.contains(change.path) || paths.contains(change.path) {
            text += "\(change.path)\0\(change.new.map { "\($0.mode) \($0.blob)" } ?? "gone")\0"
        }
        return try ObjectID.blob(Array(text.utf8)).description
    }
}
