/// What a sandbox's own user has to reach although it lies in private directories (a session's state, a toolchain in
/// root's home): shown at short paths in a mount namespace that only this sandbox has, before root's rights are given up.
struct Staging: Sendable {
    struct Bind: Sendable, Equatable {
        var source: String
        var target: String
    }

    /// Covered by an empty file system in that namespace. It exists everywhere, everybody may pass through it, and
    /// nothing beneath it is ever given to a sandbox.
    static let root = "/sys"
    static let workspace = root + "/workspace"
    static let home = root + "/home"
    static let rootFileSystem = root + "/root"

    /// Where a mount point of the state directory is made instead.
    static func fixed(_ path: String, _ state: StateDirectory) -> String? {
        switch path {
        case state.merged: workspace
        case state.homeMerged: home
        case state.rootMerged: rootFileSystem
        default: nil
        }
    }

    private(set) var binds: [Bind] = []

    /// The place where `source` will stand.
    mutating func place(_ source: String) -> String {
        if let known = binds.first(where: { $0.source == source }) { return known.target }
        let target = "\(Self.root)/\(binds.count)"
        binds.append(Bind(source: source, target: target))
        return target
    }
}
