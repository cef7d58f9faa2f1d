/// One file of the workspace that differs from the base. Directories by themselves are no changes.
public struct WorkspaceChange: Sendable {
    public enum Kind: Sendable, Equatable {
        case added
        /// Other bytes, another link target or another type of file (and perhaps another mode).
        case modified
        case deleted
        /// The same bytes, other permission bits.
        case modeChanged
    }

    /// Relative to the workspace. See ``isPathValid``.
    public var path: String
    /// False when the name is not UTF-8: `path` then holds replacement characters and must not be written anywhere.
    public var isPathValid: Bool
    public var kind: Kind
    /// Of the new file; of the old one for a deletion.
    public var fileKind: FileKind
    /// Permission bits of the new file; of the old one for a deletion.
    public var mode: UInt32
    /// Bytes of the new file; zero for a deletion.
    public var size: Int
    /// Target of a new symbolic link, as it stands; it may point anywhere.
    public var linkTarget: String?

    private let read: @Sendable (Int) throws -> [UInt8]

    /// `read` gives the new bytes up to a cap.
    public init(
        path: String,
        isPathValid: Bool = true,
        kind: Kind,
        fileKind: FileKind = .regular,
        mode: UInt32,
        size: Int,
        linkTarget: String? = nil,
        read: @escaping @Sendable (Int) throws -> [UInt8]
    ) {
        self.path = path
        self.isPathValid = isPathValid
        self.kind = kind
        self.fileKind = fileKind
        self.mode = mode
        self.size = size
        self.linkTarget = linkTarget
        self.read = read
    }

    /// The new bytes of a regular file, or the target of a symbolic link. No symbolic link is followed on the way.
    ///
    /// Throws ``SandboxError/fileTooLarge(path:limit:)`` above `maximumBytes`,
    /// ``SandboxError/notARegularFile(_:)`` for deletions and special files.
    public func contents(maximumBytes: Int) throws -> [UInt8] {
        try read(maximumBytes)
    }
}
