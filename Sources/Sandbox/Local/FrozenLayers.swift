#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a sandbox wrote, kept as layers for others: see ``LocalDriver/freeze(stateDirectory:base:into:)``.
public struct FrozenLayers: Sendable, Equatable {
    public var layers: EnvironmentLayers
    /// Paths in the workspace that the layer adds and the base has not; of a whole new directory its own path only.
    public var added: [String]
    /// Files of the base that the sandbox had changed or deleted: the layer leaves them as the base has them.
    public var setAside: [String]
    /// False when a list was too long to be kept whole.
    public var isComplete: Bool

    public init(layers: EnvironmentLayers, added: [String], setAside: [String], isComplete: Bool) {
        self.layers = layers
        self.added = added
        self.setAside = setAside
        self.isComplete = isComplete
    }
}

extension LocalDriver {
    /// Turns what a sandbox wrote into layers: its workspace and, where it was kept on disk, its home directory.
    ///
    /// The sandbox must have been stopped. The layers only add to the base: what the sandbox changed or deleted of it is
    /// as before, so that a tree which is verified over such a layer is the tree that the user has. They belong to the
    /// service from then on and are to be changed by nobody.
    ///
    /// - Parameter target: an empty directory on the same file system, in which `workspace` and `home` are made.
    public static func freeze(stateDirectory: String, base: String, into target: String) throws -> FrozenLayers {
        let state = StateDirectory(path: stateDirectory)
        var frozen = FrozenLayers(layers: EnvironmentLayers(), added: [], setAside: [], isComplete: true)
        var freezer = LayerFreezer(attributes: state.marks(ofOwnUser: isPrivileged))
        try freezer.clean(upper: state.upper, base: base)
        frozen.added = freezer.added
        frozen.setAside = freezer.setAside
        frozen.isComplete = !freezer.isCut
        let workspace = target + "/workspace"
        try move(state.upper, to: workspace)
        frozen.layers.workspace = [workspace]
        if HostPaths.isDirectory(state.homeUpper) {
            let home = target + "/home"
            try move(state.homeUpper, to: home)
            frozen.layers.home = [home]
        }
        return frozen
    }

    private static func move(_ from: String, to target: String) throws(SandboxError) {
        // Before it becomes a layer: a session's user is given to another session later.
        if isPrivileged { try TreeOwner.give(from, to: 0) }
        guard rename(from, target) == 0 else {
            throw .fileOperation(path: from, errno: errno, message: errnoText(errno))
        }
    }

    /// Whether sandboxes of this service have users of their own, and overlays root's marks.
    static var isPrivileged: Bool { SessionUser.availableRange() != nil }

    /// How this service's layers are marked: layers of different kinds do not go together.
    public static var layerKind: String { isPrivileged ? "trusted" : "user" }
}
