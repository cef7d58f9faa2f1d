import Git
import JSON
import Sandbox
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A session's own bare repository: a commit for each step that changed files. It lies beside the session's folder and is
/// kept after its end.
///
/// It holds what the session made, the trees that it stands on, and what it changed as it was before. Other contents of
/// the base come when they are asked for (``pack(_:base:of:)``), the objects of the user's own commits never.
/// All calls block on the disk.
public struct SessionRepository: Sendable {
    /// The repository's folder.
    public let path: String
    private var historyFile: String { "\(path)/cofferdam.json" }

    /// A session of months.
    private static let maximumHistoryBytes = 64 << 20

    /// - Parameter stateDirectory: the session's folder.
    public init(stateDirectory: String) { path = stateDirectory + ".git" }

    public func open() throws(GitError) -> Repository { try Repository.open(path) }

    /// - Returns: nil when the session has no repository yet, or what it says of itself cannot be read.
    public func history() -> SessionHistory? {
        guard let bytes = FileBytes.read(historyFile, limit: Self.maximumHistoryBytes),
            let json = try? JSON(parsing: bytes, limits: JSONLimits(maxBytes: Self.maximumHistoryBytes))
        else { return nil }
        return try? JSONCoder.decode(SessionHistory.self, from: json)
    }

    /// Replaces the history in one step, on the disk when this returns.
    func save(_ history: SessionHistory) throws {
        let bytes = try JSONCoder.encode(history).serialized()
        let temporary = historyFile + ".new"
        let file = Disk.create(temporary)
        guard file >= 0 else { throw failure("write \(historyFile)") }
        let isWritten = bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno != EINTR { return false }
                rest = rest.dropFirst(max(0, count))
            }
            return fsync(file) == 0
        }
        let number = errno
        close(file)
        guard isWritten, rename(temporary, historyFile) == 0 else {
            if !isWritten { errno = number }
            let error = failure("write \(historyFile)")
            unlink(temporary)
            throw error
        }
        let folder = Disk.openFolder(path)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func failure(_ operation: String) -> AgentError {
        .configuration("cannot \(operation): \(String(cString: strerror(errno)))")
    }

    /// Makes the references what the history says: those of the session, and no others.
    func setReferences(_ history: SessionHistory, in repository: Repository) throws {
        let wanted = history.references
        for (name, text) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let id = ObjectID(hex: text) else { continue }
            let old = try repository.reference(name)
            guard old != id else { continue }
            try repository.setReference(name, to: id, from: old)
            try repository.flush(reference: name)
        }
        for prefix in ["refs/cofferdam/", "refs/cofferdam-steps/"] {
            for (name, _) in try repository.references(beneath: prefix) where wanted[name] == nil {
                try repository.removeReference(name)
            }
        }
    }

    /// The repository is no longer needed.
    public func remove() { Self.removeFolder(path) }

    static func removeFolder(_ path: String) { try? LocalDriver.discard(stateDirectory: path) }
}

/// System calls whose names ``SessionRepository`` has for its own.
private enum Disk {
    static func create(_ path: String) -> Int32 {
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
    }

    static func openFolder(_ path: String) -> Int32 { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
}
