/// Why the store refused.
public enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    case cannotOpen(path: String, reason: String)
    /// The disk is full, or the database is damaged: nothing of the write is kept.
    case writeFailed(reason: String)
    case readFailed(reason: String)
    case noSuchSession(String)

    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason): "cannot open the session store \(path): \(reason)"
        case .writeFailed(let reason): "cannot write to the session store: \(reason)"
        case .readFailed(let reason): "cannot read the session store: \(reason)"
        case .noSuchSession(let id): "no session \(id)"
        }
    }
}
