import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The frozen copies of users' folders that sessions stand on, shared between sessions and never written to.
///
/// Each lies in a directory of its own with the list of what it was made from. A session that starts on a folder that did not
/// change since gets the copy that is there; one that starts on a folder that changed gets a copy that shares what did
/// not. A copy stays as long as a session holds it, and the latest ones of recent folders beyond, within a budget.
public actor BaseStore {
    /// How much is kept beyond what sessions hold.
    public struct Budget: Sendable, Equatable {
        /// Bytes on disk of copies that nobody holds.
        public var bytes: Int
        /// Folders whose copies are kept.
        public var folders: Int

        public init(bytes: Int = 2 << 30, folders: Int = 8) {
            self.bytes = bytes
            self.folders = folders
        }
    }

    /// Where a copy came from.
    public enum Origin: String, Sendable, CaseIterable {
        /// Every file was copied.
        case copied
        /// What did not change is shared with an earlier copy.
        case refreshed
        /// It was there already.
        case reused
    }

    struct Base {
        var folder: String
        var bytes: Int
        var isReusable: Bool
        var holders: Set<String>
        /// Counts up with each use.
        var lastUse: Int
    }

    let directory: String
    private let budget: Budget
    var bases: [String: Base] = [:]
    private var uses = 0
    /// Copies that were asked for, by where they came from.
    public internal(set) var taken: [Origin: Int] = [:]
    /// Copies of one folder are made one after the other: the second may find the first one's.
    var busy: [String: Task<Void, Never>] = [:]

    /// Opens the store; copies that were not finished are removed.
    /// - Parameter holders: sessions that go on from a former service; holds of all others are dropped.
    /// - Throws: `WorkspaceError.fileFailed` when the directory cannot be made.
    public init(directory: String, budget: Budget = .init(), holders: Set<String> = []) throws(WorkspaceError) {
        self.directory = directory
        self.budget = budget
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw .fileFailed(path: directory, reason: String(cString: strerror(errno)))
        }
        var found: [(used: Int, id: String, base: Base)] = []
        for id in FolderRemoval.names(directory) {
            let place = "\(directory)/\(id)"
            guard let bytes = FileBytes.read("\(place)/index", limit: Self.maximumIndexBytes),
                let index = BaseIndex(bytes)
            else {
                FolderRemoval.remove(place)
                continue
            }
            var held: Set<String> = []
            for name in FolderRemoval.names("\(place)/holders") {
                if holders.contains(name) { held.insert(name) } else { unlink("\(place)/holders/\(name)") }
            }
            var status = stat()
            stat("\(place)/index", &status)
            let isReusable = !index.hasOverlays && index.boot == BaseIndex.currentBoot
            let base = Base(
                folder: index.folder, bytes: index.bytes, isReusable: isReusable, holders: held, lastUse: 0)
            found.append((FileStamp(status).modified, id, base))
        }
        for (_, id, base) in found.sorted(by: { $0.used < $1.used }) {
            uses += 1
            bases[id] = base
            bases[id]?.lastUse = uses
        }
    }

    static let maximumIndexBytes = 256 << 20

    // MARK: Taking

    /// A frozen copy of the folder as it is now, held by `holder` until ``release(_:)``.
    public func take(
        folder: String, overlays: [String: [UInt8]] = [:], rules: WorkspaceRules = .init(),
        limits: WorkspaceSnapshot.Limits = .init(), holder: String
    ) async throws -> (snapshot: WorkspaceSnapshot, origin: Origin) {
        let found = try await made(for: folder, isReusable: overlays.isEmpty, holder: holder) {
            place, earlier throws(WorkspaceError) in
            try Self.make(place, of: folder, overlays, rules, limits, earlier: earlier)
        }
        return (found.made.index.snapshot(base: "\(directory)/\(found.id)/tree"), found.made.origin)
    }

    /// Makes a copy, or finds one, as `make` does with the place for a new copy and the latest earlier one.
    /// - Parameter key: what copies of the same are known by.
    func made(
        for key: String, isReusable: Bool, holder: String,
        _ make: @escaping @Sendable (_ place: String, _ earlier: String?) throws(WorkspaceError) -> Made
    ) async throws -> (id: String, made: Made) {
        while let other = busy[key] { await other.value }
        let latest = bases.filter { $0.value.folder == key && $0.value.isReusable }
            .max { $0.value.lastUse < $1.value.lastUse }?.key
        if let latest { bases[latest]?.holders.insert(Self.making) }
        defer { if let latest { bases[latest]?.holders.remove(Self.making) } }
        let id = Self.newIdentifier()
        let place = "\(directory)/\(id)"
        let earlier = latest.map { "\(directory)/\($0)" }
        let work = Task { try await DiskWork.run { try make(place, earlier) } }
        busy[key] = Task { _ = await work.result }
        let made: Made
        do {
            made = try await work.value
            busy[key] = nil
        } catch {
            busy[key] = nil
            FolderRemoval.remove(place)
            throw error
        }
        let used = made.origin == .reused ? latest ?? id : id
        if made.origin != .reused {
            bases[id] = Base(
                folder: key, bytes: made.index.bytes, isReusable: isReusable, holders: [], lastUse: 0)
        }
        taken[made.origin, default: 0] += 1
        try hold(used, holder)
        await trim()
        return (used, made)
    }

    /// Another session stands on the same copy from now on.
    /// - Parameter base: `WorkspaceSnapshot.base` of a copy of this store that someone holds; others are left alone.
    public func share(_ base: String, with holder: String) throws {
        guard let id = bases.keys.first(where: { "\(directory)/\($0)/tree" == base }) else { return }
        try hold(id, holder)
    }

    /// The holder needs its copies no more.
    public func release(_ holder: String) async {
        for (id, base) in bases where base.holders.contains(holder) {
            bases[id]?.holders.remove(holder)
            unlink("\(directory)/\(id)/holders/\(holder)")
        }
        await trim()
    }

    /// Bytes on disk of all copies.
    public var bytes: Int { bases.values.reduce(0) { $0 + $1.bytes } }

    /// Folders of which there is a copy that a session could start on, the one used last first.
    public var folders: [String] {
        var seen: Set<String> = []
        return bases.values.filter { $0.isReusable && $0.folder.utf8.first == UInt8(ascii: "/") }.sorted {
            $0.lastUse > $1.lastUse
        }.map(\.folder)
            .filter { seen.insert($0).inserted }
    }

    func hold(_ id: String, _ holder: String) throws {
        uses += 1
        bases[id]?.lastUse = uses
        bases[id]?.holders.insert(holder)
        let place = "\(directory)/\(id)"
        mkdir("\(place)/holders", 0o700)
        guard FileBytes.write([], toFile: "\(place)/holders/\(holder)", mode: 0o600) else {
            throw WorkspaceError.fileFailed(path: place, reason: String(cString: strerror(errno)))
        }
        utimensat(AT_FDCWD, "\(place)/index", nil, 0)
    }

    // MARK: Making

    /// Holds a copy that another one is made from.
    static let making = "/making"

    struct Made: Sendable {
        var index: BaseIndex
        var origin: Origin
    }

    private static func make(
        _ place: String, of folder: String, _ overlays: [String: [UInt8]], _ rules: WorkspaceRules,
        _ limits: WorkspaceSnapshot.Limits, earlier: String?
    ) throws(WorkspaceError) -> Made {
        let ignore = IgnoreRules(folder: folder)
        let readAt = FileStamp.now()
        let survey = try FolderSurvey(folder: folder, rules: rules, limits: limits, ignore: ignore)
        var previous: (index: BaseIndex, tree: String)?
        if let earlier, let bytes = FileBytes.read("\(earlier)/index", limit: maximumIndexBytes),
            // Files that other rules left out are not known to be there.
            let index = BaseIndex(bytes), index.rules == rules.description
        {
            previous = (index, "\(earlier)/tree")
            if overlays.isEmpty, var same = try unchanged(index, survey) {
                // What had to be read again need not be the next time.
                same.readAt = readAt
                _ = write(same, "\(earlier)/index")
                return Made(index: same, origin: .reused)
            }
        }
        for path in [place, "\(place)/tree"] {
            guard mkdir(path, path == place ? 0o700 : 0o755) == 0 else {
                throw .fileFailed(path: path, reason: String(cString: strerror(errno)))
            }
        }
        let index = try SnapshotTaker.take(
            folder: folder, survey, readAt: readAt, rules: rules, ignore: ignore, into: "\(place)/tree",
            overlays: overlays, limits: limits, previous: previous)
        guard write(index, "\(place)/index") else {
            throw .fileFailed(path: "\(place)/index", reason: String(cString: strerror(errno)))
        }
        return Made(index: index, origin: previous == nil ? .copied : .refreshed)
    }

    /// The index when the folder is just as it was.
    private static func unchanged(_ index: BaseIndex, _ survey: FolderSurvey) throws(WorkspaceError) -> BaseIndex? {
        guard survey.files == index.files.count + index.withheld.count else { return nil }
        var folders = 0
        for item in survey.items {
            if item.kind == .folder {
                guard index.folders.contains(item.path) else { return nil }
                folders += 1
            } else {
                if let stamp = index.withheld[item.path] {
                    guard stamp == item.stamp, stamp.isSettled(at: index.readAt) else { return nil }
                    continue
                }
                guard let record = index.files[item.path], record.stamp == item.stamp else { return nil }
            }
        }
        guard folders == index.folders.count else { return nil }
        // Only now what has to be read.
        for item in survey.items where item.kind == .file && index.withheld[item.path] == nil {
            guard let record = index.files[item.path],
                try record.isUnchanged(item, folder: index.folder, since: index.readAt)
            else { return nil }
        }
        return index
    }

    static func write(_ index: BaseIndex, _ path: String) -> Bool {
        FileBytes.write(index.serialized, toFile: path + ".new", mode: 0o600) && rename(path + ".new", path) == 0
    }

    static func newIdentifier() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    // MARK: Room

    /// Removes what nobody holds: older copies of a folder, and what is beyond the budget.
    func trim() async {
        var seen: Set<String> = []
        var kept = (folders: 0, bytes: 0)
        var removed: [String] = []
        for (id, base) in bases.sorted(by: { $0.value.lastUse > $1.value.lastUse }) {
            let isLatest = base.isReusable && seen.insert(base.folder).inserted
            if !base.holders.isEmpty { continue }
            if isLatest, kept.folders < budget.folders, kept.bytes + base.bytes <= budget.bytes {
                kept.folders += 1
                kept.bytes += base.bytes
            } else {
                removed.append(id)
            }
        }
        for id in removed { bases[id] = nil }
        guard !removed.isEmpty else { return }
        let places = removed.map { "\(directory)/\($0)" }
        await DiskWork.run {
            for place in places { FolderRemoval.remove(place) }
        }
    }
}
