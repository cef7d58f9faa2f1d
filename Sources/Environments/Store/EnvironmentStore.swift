import JSON
import Sandbox

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Root file systems and set-up layers on disk, each under the hash of what it is made from.
///
/// An entry is made in a folder of its own and put in its place by one rename, once all of it is on the disk: what stands
/// there is whole, after a power cut too. One at a time
/// makes an entry; others that want it wait. A session that uses one leaves a note beside it (a lease), which holds for as
/// long as the session's directory exists, also beyond the end of this service; what nobody holds is removed, the
/// longest unused first, when all together take more than the budget.
///
/// One service has the directory for itself, as it has its state directory.
public actor EnvironmentStore {
    public nonisolated let catalog: EnvironmentCatalog
    nonisolated let directory: String
    nonisolated let limits: ExtractionLimits
    private let budgetBytes: Int
    private var building: Set<String> = []
    private var waiters: [String: [Int: AsyncStream<Never>.Continuation]] = [:]
    private var tickets = 0

    /// Some images and the dependencies of some dozens of projects.
    public static let defaultBudgetBytes = 32 << 30

    enum Kind: String, Sendable, CaseIterable {
        case roots
        case layers
    }

    /// - Parameter directory: made where it is missing; the directory above must exist.
    public init(
        directory: String, catalog: EnvironmentCatalog = EnvironmentCatalog(),
        budgetBytes: Int = EnvironmentStore.defaultBudgetBytes, limits: ExtractionLimits = ExtractionLimits()
    ) throws(EnvironmentError) {
        self.directory = directory
        self.catalog = catalog
        self.budgetBytes = budgetBytes
        self.limits = limits
        // What a former service did not finish.
        try? LocalDriver.discard(stateDirectory: directory + "/tmp")
        for path in [directory, directory + "/tmp", directory + "/leases", directory + "/known"]
            + Kind.allCases.map({ directory + "/" + $0.rawValue })
        {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw .store(path: path, reason: String(cString: strerror(errno)))
            }
        }
    }

    /// An entry, made by `build` if it is not there.
    /// - Parameters:
    ///   - holder: directory of the session that uses it from now on.
    ///   - build: gets an empty folder; what it returns is kept with the entry.
    func entry(
        _ kind: Kind, _ hex: String, holder: String,
        waiting: @Sendable () async throws -> Void,
        build: @Sendable (String) async throws -> JSON
    ) async throws -> (path: String, notes: JSON, origin: PreparedLayers.Origin) {
        let key = "\(kind.rawValue)/\(hex)"
        let path = "\(directory)/\(key)"
        try lease(kind, hex, holder)
        var hasWaited = false
        while true {
            try Task.checkCancellation()
            if let notes = notes(of: path) {
                touch(path)
                return (path, notes, hasWaited ? .waited : .reused)
            }
            guard building.contains(key) else { break }
            hasWaited = true
            try await waiting()
            await finished(key)
        }
        building.insert(key)
        defer { endBuilding(key) }
        let temporary = "\(directory)/tmp/\(UInt64.random(in: .min ... .max))"
        do {
            try make(temporary)
            var notes = try await build(temporary)
            let bytes = try await BlockingWork.run { _ in TreeSize.bytes(temporary) }
            notes["bytes"] = .number(JSONNumber(bytes))
            try put(notes, in: temporary)
            // What an eviction was interrupted at, or a folder without notes: no entry.
            try? await BlockingWork.run { _ in try LocalDriver.discard(stateDirectory: path) }
            let failure = try await BlockingWork.run { _ in DurableRename.move(temporary, to: path) }
            guard failure == 0 else {
                throw EnvironmentError.store(path: path, reason: String(cString: strerror(failure)))
            }
            touch(path)
            evict()
            return (path, notes, .ran)
        } catch {
            release(kind, hex, holder)
            discardLater(temporary)
            throw error
        }
    }

    /// An entry that is there, without making it.
    func existing(_ kind: Kind, _ hex: String, holder: String) throws -> (path: String, notes: JSON)? {
        let path = "\(directory)/\(kind.rawValue)/\(hex)"
        guard let notes = notes(of: path) else { return nil }
        try lease(kind, hex, holder)
        touch(path)
        return (path, notes)
    }

    func isBuilding(_ kind: Kind, _ hex: String) -> Bool { building.contains("\(kind.rawValue)/\(hex)") }

    // MARK: Waiting

    private func finished(_ key: String) async {
        guard building.contains(key) else { return }
        tickets += 1
        let ticket = tickets
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        waiters[key, default: [:]][ticket] = continuation
        for await _ in stream {}  // also ends when this task is cancelled
        waiters[key]?[ticket] = nil
    }

    private func endBuilding(_ key: String) {
        building.remove(key)
        for waiter in (waiters.removeValue(forKey: key) ?? [:]).values { waiter.finish() }
    }

    // MARK: Notes and leases

    private static let notesName = "entry.json"
    private static let notesBytes = 16 << 20

    private func notes(of path: String) -> JSON? {
        FileContents.read("\(path)/\(Self.notesName)", limit: Self.notesBytes).flatMap { try? JSON(parsing: $0) }
    }

    private func put(_ notes: JSON, in path: String) throws(EnvironmentError) {
        guard FileContents.write(notes.serialized(), to: "\(path)/\(Self.notesName)") else {
            throw .store(path: path, reason: Self.reason)
        }
    }

    private func touch(_ path: String) {
        utimensat(AT_FDCWD, "\(path)/\(Self.notesName)", nil, 0)
    }

    private func leases(_ kind: Kind, _ hex: String) -> String { "\(directory)/leases/\(kind.rawValue)-\(hex)" }

    private func leaseName(_ holder: String) -> String { Digest(of: Array(holder.utf8)).hex }

    private func lease(_ kind: Kind, _ hex: String, _ holder: String) throws(EnvironmentError) {
        let folder = leases(kind, hex)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST,
            FileContents.write(Array(holder.utf8), to: "\(folder)/\(leaseName(holder))")
        else { throw .store(path: folder, reason: Self.reason) }
    }

    /// Another session uses what `holder` does, for as long as it exists.
    public func share(_ holder: String, with other: String) throws(EnvironmentError) {
        let folder = "\(directory)/leases"
        for name in Self.names(folder) where access("\(folder)/\(name)/\(leaseName(holder))", F_OK) == 0 {
            let lease = "\(folder)/\(name)/\(leaseName(other))"
            guard FileContents.write(Array(other.utf8), to: lease) else {
                throw .store(path: lease, reason: Self.reason)
            }
        }
    }

    private func release(_ kind: Kind, _ hex: String, _ holder: String) {
        unlink("\(leases(kind, hex))/\(leaseName(holder))")
    }

    /// Whether a session that still exists uses it. Notes of others are taken away.
    private func isLeased(_ kind: Kind, _ hex: String) -> Bool {
        let folder = leases(kind, hex)
        var isHeld = false
        for name in Self.names(folder) {
            let file = "\(folder)/\(name)"
            let holder = FileContents.read(file, limit: 4096).map { String(decoding: $0, as: UTF8.self) }
            if let holder, access(holder, F_OK) == 0 { isHeld = true } else { unlink(file) }
        }
        if !isHeld { rmdir(folder) }
        return isHeld
    }

    // MARK: Room

    private struct Stored {
        var kind: Kind
        var hex: String
        var bytes: Int
        var used: Int
    }

    private func stored() -> [Stored] {
        Kind.allCases.flatMap { kind in
            Self.names("\(directory)/\(kind.rawValue)").compactMap { hex -> Stored? in
                let path = "\(directory)/\(kind.rawValue)/\(hex)"
                var status = stat()
                guard let notes = notes(of: path), lstat("\(path)/\(Self.notesName)", &status) == 0 else { return nil }
                let seconds = Int(min(max(status.st_mtim.tv_sec, 0), 1 << 32))
                let used = seconds * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
                return Stored(kind: kind, hex: hex, bytes: notes["bytes"]?.intValue ?? 0, used: used)
            }
        }
    }

    /// Bytes of all entries.
    public var bytes: Int { stored().reduce(0) { $0 + $1.bytes } }

    /// Removes what is not in use, the longest unused first, until the rest is within the budget.
    func evict() {
        let all = stored()
        var total = all.reduce(0) { $0 + $1.bytes }
        for entry in all.sorted(by: { $0.used < $1.used }) where total > budgetBytes {
            guard !building.contains("\(entry.kind.rawValue)/\(entry.hex)"), !isLeased(entry.kind, entry.hex) else {
                continue
            }
            let temporary = "\(directory)/tmp/\(UInt64.random(in: .min ... .max))"
            guard rename("\(directory)/\(entry.kind.rawValue)/\(entry.hex)", temporary) == 0 else { continue }
            total -= entry.bytes
            discardLater(temporary)
        }
    }

    // MARK: Helpers

    private nonisolated func discardLater(_ path: String) {
        Task.detached { try? await BlockingWork.run { _ in try LocalDriver.discard(stateDirectory: path) } }
    }

    private func make(_ path: String) throws(EnvironmentError) {
        guard mkdir(path, 0o700) == 0 else { throw .store(path: path, reason: Self.reason) }
    }

    static var reason: String { String(cString: strerror(errno)) }

    static func names(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let item = readdir(stream) {
            let name = withUnsafeBytes(of: item.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
