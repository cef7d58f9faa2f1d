/// What is at a path, as git would record it.
public enum FileImage: Sendable, Equatable {
    case absent
    case file([UInt8], executable: Bool)
    /// A symbolic link and what it names.
    case link([UInt8])
    case folder

    /// A regular file's contents.
    var bytes: [UInt8]? {
        guard case .file(let bytes, _) = self else { return nil }
        return bytes
    }

    var isExecutable: Bool {
        guard case .file(_, true) = self else { return false }
        return true
    }

    /// Whether the two show the same in an editor, which hides line endings and modes.
    func looksLike(_ other: FileImage) -> Bool {
        guard let own = bytes, let others = other.bytes else { return self == other }
        return LineEndings.areEqual(own, others)
    }

    var isLink: Bool {
        guard case .link = self else { return false }
        return true
    }

    func with(executable: Bool) -> FileImage {
        guard case .file(let bytes, _) = self else { return self }
        return .file(bytes, executable: executable)
    }

    /// For the user: "a folder".
    var words: String {
        switch self {
        case .absent: "nothing"
        case .file: "a file"
        case .link: "a symbolic link"
        case .folder: "a folder"
        }
    }

    /// What it takes in memory and on disk.
    var byteCount: Int {
        switch self {
        case .absent, .folder: 0
        case .file(let bytes, _), .link(let bytes): bytes.count
        }
    }
}
