import Clibgit2

/// An object of a repository: what it is and its bytes, without git's header.
public struct GitObject: Sendable, Equatable {
    public enum Kind: Sendable, Hashable {
        case blob
        case tree
        case commit
        case tag

        var type: git_object_t {
            switch self {
            case .blob: GIT_OBJECT_BLOB
            case .tree: GIT_OBJECT_TREE
            case .commit: GIT_OBJECT_COMMIT
            case .tag: GIT_OBJECT_TAG
            }
        }

        init?(_ type: git_object_t) {
            switch type {
            case GIT_OBJECT_BLOB: self = .blob
            case GIT_OBJECT_TREE: self = .tree
            case GIT_OBJECT_COMMIT: self = .commit
            case GIT_OBJECT_TAG: self = .tag
            default: return nil
            }
        }
    }

    public var kind: Kind
    public var bytes: [UInt8]

    public init(kind: Kind, bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }

    /// The name that git gives to it.
    public func id() throws(GitError) -> ObjectID { try ObjectID.hash(bytes, kind.type) }
}
