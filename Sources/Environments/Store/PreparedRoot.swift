import Sandbox

/// A root file system that stands ready on disk.
public struct PreparedRoot: Sendable, Equatable {
    public var root: RootFileSystem
    /// Changes when its contents do.
    public var identity: String
    /// Variables that the image sets.
    public var environment: [String: String]
    /// Whether it was unpacked just now.
    public var isNew: Bool
}

/// Layers that a set-up has made, as the store keeps them.
public struct PreparedLayers: Sendable, Equatable {
    public enum Origin: Sendable, Equatable {
        /// The set-up ran.
        case ran
        /// An earlier session's.
        case reused
        /// Another session was at it; this one waited for it.
        case waited
    }

    public var key: String
    public var layers: EnvironmentLayers
    public var origin: Origin
    /// Files of the snapshot that the set-up changed; they are as they were.
    public var setAside: [String]
    /// What the workspace's layer adds, and whether that is all.
    var added: [String]
    var isComplete: Bool

    /// Whether a tree with these files can be used with the layer: it must hide none of them.
    func fits(_ paths: some Collection<String>) -> Bool {
        guard !added.isEmpty else { return true }
        let tops = Set(added)
        return !paths.contains { path in
            if tops.contains(path) { return true }
            return path.utf8.indices.contains { index in
                path.utf8[index] == UInt8(ascii: "/") && tops.contains(String(path[..<index]))
            }
        }
    }
}

/// What a caller waits for.
public enum EnvironmentProgress: Sendable, Equatable {
    /// A root file system is being unpacked.
    case unpacking
    /// Another session is preparing the same; with what it is that is waited for.
    case waiting(for: String)
}
