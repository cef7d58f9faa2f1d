import AgentProtocol
import Diagnostics
import Git
import JSON
import Sandbox
import Store
import Synchronization
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What checks said of untouched trees, kept on the service's disk so that a later session on the same tree need not run
/// them before it begins.
///
/// An entry is found by all that its result depends on; see ``BaselineCache``. What was not asked for longest goes
/// first.
public final class BaselineStore: Sendable {
    /// One check's result.
    struct Entry: Codable, Sendable, Equatable {
        /// All that the result depends on. The file's name is only a hash of it.
        var key: String
        var evidence: CheckEvidence
        var diagnostics: [Diagnostic]
        var tests: TestResults?
        var unparsed: String
    }

    private let directory: String
    private let budgetBytes: Int
    private let lock = Mutex(())

    /// Room for some hundred projects with a thousand diagnostics each.
    public static let defaultBudgetBytes = 64 << 20
    /// An entry beyond is not kept: a test run may name tens of thousands of tests.
    private static let mostEntryBytes = 4 << 20
    /// Seconds after which the tools around are no longer taken for the same: a week.
    private static let lifetime = 7 * 86_400

    /// - Parameter directory: made when it is missing; its parent must be there.
    public init(directory: String, budgetBytes: Int = BaselineStore.defaultBudgetBytes) {
        self.directory = directory
        self.budgetBytes = budgetBytes
        mkdir(directory, 0o700)
    }

    func entry(_ key: String) async -> Entry? {
        try? await Background.run { self.lock.withLock { _ in self.read(key) } }
    }

    func keep(_ entry: Entry) async {
        _ = try? await Background.run { self.lock.withLock { _ in self.write(entry) } }
    }

    private func path(_ key: String) -> String? {
        guard let name = try? ObjectID.blob(Array(key.utf8)).description else { return nil }
        return "\(directory)/\(name).json"
    }

    private func read(_ key: String) -> Entry? {
        var status = stat()
        guard let path = path(key), lstat(path, &status) == 0 else { return nil }
        guard let bytes = FileBytes.read(path, limit: Self.mostEntryBytes),
            let entry = try? JSONCoder.decode(
                Entry.self, from: JSON(parsing: bytes, limits: JSONLimits(maxBytes: Self.mostEntryBytes))),
            entry.key == key, currentMilliseconds() / 1000 - (entry.evidence.startedAt ?? 0) / 1000 < Self.lifetime
        else {
            unlink(path)
            return nil
        }
        // Used now.
        utimensat(AT_FDCWD, path, nil, 0)
        return entry
    }

    private func write(_ entry: Entry) {
        guard let path = path(entry.key), let bytes = try? JSONCoder.encode(entry).serialized(),
            bytes.count <= Self.mostEntryBytes
        else { return }
        makeRoom(bytes.count)
        let temporary = path + ".new"
        guard FileBytes.write(bytes, toFile: temporary, mode: 0o600), rename(temporary, path) == 0 else {
            unlink(temporary)
            return
        }
    }

    private func makeRoom(_ wanted: Int) {
        guard let stream = opendir(directory) else { return }
        defer { closedir(stream) }
        var files: [(path: String, bytes: Int, used: Int)] = []
        while let item = readdir(stream) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            let path = "\(directory)/\(name)"
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append((path, Int(status.st_size), status.st_mtim.tv_sec))
        }
        var total = files.reduce(wanted) { $0 + $1.bytes }
        for file in files.sorted(by: { $0.used < $1.used }) where total > budgetBytes {
            if unlink(file.path) == 0 { total -= file.bytes }
        }
    }
}
