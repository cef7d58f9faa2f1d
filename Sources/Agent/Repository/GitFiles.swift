import Git
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What git stores of the files of a session: their own bytes, or what the repository's attributes make of them.
///
/// Not Sendable: used on the thread that made it.
final class GitFiles {
    private let adjustments: TreeAdjustments
    private let snapshot: WorkspaceSnapshot
    private let repository: Repository
    private let limit: Int
    private let conversion: GitConversion?
    private let scratch: String

    /// - Parameters:
    ///   - changes: everything in which the workspace differs from the snapshot.
    ///   - scratch: path of a new folder, removed with this value.
    ///   - limit: bytes of a file.
    init(
        _ adjustments: TreeAdjustments, _ snapshot: WorkspaceSnapshot, _ changes: [ChangeTracker.Change],
        to repository: Repository, scratch: String, limit: Int
    ) throws {
        self.adjustments = adjustments
        self.snapshot = snapshot
        self.repository = repository
        self.limit = limit
        self.scratch = scratch
        guard adjustments.conversion != nil else {
            conversion = nil
            return
        }
        var attributes: [String: [UInt8]] = [:]
        for path in snapshot.entries.keys where Self.isAttributes(path) {
            attributes[path] = FileBytes.read("\(snapshot.base)/\(path)", limit: 1 << 20)
        }
        for change in changes where Self.isAttributes(change.path) {
            attributes[change.path] = change.new == nil ? nil : try? change.file.contents(maximumBytes: 1 << 20)
        }
        conversion = try GitConversion(adjustments, attributes: attributes, directory: scratch)
    }

    deinit { if conversion != nil { SessionRepository.removeFolder(scratch) } }

    private static func isAttributes(_ path: String) -> Bool {
        RelativePath.parts(path).last?.utf8.elementsEqual(".gitattributes".utf8) ?? false
    }

    /// Writes a changed file. What is written is what is named, also when something in the sandbox writes meanwhile.
    /// - Returns: what stands at its path in git's tree.
    func write(_ change: ChangeTracker.Change, as mode: FileMode) throws -> TreeEditor.Leaf {
        var bytes = try change.file.contents(maximumBytes: limit)
        if mode != .symbolicLink, let conversion {
            bytes = try conversion.blob(of: bytes, path: change.path) { original(change.path) }
        }
        return TreeEditor.Leaf(mode: TreeObject.Mode(mode), id: try repository.write(.blob, bytes))
    }

    /// Adds a file as it was at the start, so that it can be handed out. One that is too large is only named.
    func writeOriginal(_ path: String) throws {
        guard let entry = snapshot.entries[path] else { return }
        let converted = adjustments.converted[path].flatMap { $0.raw == entry.blob ? $0.git : nil }
        guard !repository.contains(converted ?? entry.blob), var bytes = original(path) else { return }
        if converted != nil, let conversion { bytes = try conversion.blob(of: bytes, path: path) { nil } }
        try repository.write(.blob, bytes)
    }

    private func original(_ path: String) -> [UInt8]? {
        guard let entry = snapshot.entries[path] else { return nil }
        let file = "\(snapshot.base)/\(path)"
        return entry.mode == .symbolicLink ? FileBytes.readLink(file) : FileBytes.read(file, limit: limit)
    }

    /// Names of the files of a snapshot as git stores them, each with its path.
    static func names(_ snapshot: WorkspaceSnapshot, _ adjustments: TreeAdjustments) -> [ObjectID: String] {
        var names: [ObjectID: String] = [:]
        names.reserveCapacity(snapshot.entries.count)
        for (path, entry) in snapshot.entries {
            let converted = adjustments.converted[path].flatMap { $0.raw == entry.blob ? $0.git : nil }
            names[converted ?? entry.blob] = path
        }
        return names
    }
}
