/// Why a workspace cannot be taken or read.
public enum WorkspaceError: Error, Sendable, Equatable, CustomStringConvertible {
    case notAFolder(String)
    case tooManyFiles(limit: Int)
    case tooLarge(limit: Int)
    case fileFailed(path: String, reason: String)
    case badPath(String)
    case git(String)

    public var description: String {
        switch self {
        case .notAFolder(let path): "the workspace folder \(path) is not a folder that can be read"
        case .tooManyFiles(let limit): "the workspace has more than \(limit) files; ignore build products in .gitignore"
        case .tooLarge(let limit):
            "the workspace holds more than \(limit >> 20) MiB; ignore build products in .gitignore"
        case .fileFailed(let path, let reason): "cannot read \(path): \(reason)"
        case .badPath(let path): "`\(path)` is not a path inside the workspace"
        case .git(let text): text
        }
    }
}
