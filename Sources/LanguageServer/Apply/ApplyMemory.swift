import AgentProtocol
import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What was applied, on disk: one file for each session and folder, which editors and the command line share.
struct ApplyMemory: Sendable {
    /// `applied` in the user's state folder.
    let directory: String

    /// Records that nobody has touched for longer go.
    static let longestAge = 30 * 24 * 3600
    /// The eldest records go beyond it.
    static let mostBytes = 256 << 20
    /// A record in base64, with room for the rest of it.
    private static let mostFileBytes = 2 * ApplyRecord.mostBytes

    init(stateDirectory: String) { directory = "\(stateDirectory)/applied" }

    /// An empty record where there is none that can be read.
    func load(_ session: String, _ folder: String) -> ApplyRecord {
        let folder = Self.canonical(folder)
        let record = read("\(place(of: folder))/\(Self.name(session))")
        guard let record, record.session == session, record.folder == folder else {
            return ApplyRecord(session: session, folder: folder)
        }
        return record
    }

    /// The record of a folder that was changed last and has something to undo.
    func newest(in folder: String) -> ApplyRecord? {
        let folder = Self.canonical(folder)
        let files = Self.files(in: place(of: folder)).sorted { $0.changed > $1.changed }
        for file in files {
            if let record = read(file.path), record.folder == folder, !record.operations.isEmpty { return record }
        }
        return nil
    }

    /// Changes a record while no other program does.
    /// - Throws: `FileAccessError` when it cannot be written; the old one is then still there.
    func update(
        _ session: String, _ folder: String, _ body: (inout ApplyRecord) -> Void
    ) throws(FileAccessError) -> ApplyRecord {
        let folder = Self.canonical(folder)
        let place = place(of: folder)
        try PrivateFiles.makeDirectories(place)
        let lock = try PrivateFiles.lock("\(directory)/lock")
        defer { _ = lock }
        var record = load(session, folder)
        body(&record)
        let path = "\(place)/\(Self.name(session))"
        if record.files.isEmpty, record.operations.isEmpty {
            unlink(path)
        } else {
            try PrivateFiles.replace(path, with: Self.bytes(of: record))
        }
        prune(keeping: path)
        return record
    }

    /// One folder has one name, whichever links an editor and a shell came by.
    private static func canonical(_ folder: String) -> String {
        guard let resolved = realpath(folder, nil) else { return folder }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func read(_ path: String) -> ApplyRecord? {
        guard let bytes = PrivateFiles.read(path, limit: Self.mostFileBytes),
            let json = try? JSON(parsing: bytes, limits: JSONLimits(maxBytes: Self.mostFileBytes)),
            let stored = try? JSONCoder.decode(StoredApplyRecord.self, from: json)
        else { return nil }
        return stored.record()
    }

    private static func bytes(of record: ApplyRecord) -> [UInt8] {
        (try? JSONCoder.encode(StoredApplyRecord(record)).serialized()) ?? []
    }

    private func prune(keeping kept: String) {
        let now = Int(time(nil))
        var files: [PrivateFiles.Entry] = []
        for place in Self.names(in: directory) { files += Self.files(in: "\(directory)/\(place)") }
        var total = files.reduce(0) { $0 + $1.size }
        for file in files.sorted(by: { $0.changed < $1.changed }) where file.path != kept {
            guard now - file.changed > Self.longestAge || total > Self.mostBytes else { continue }
            unlink(file.path)
            total -= file.size
        }
    }

    private static func files(in place: String) -> [PrivateFiles.Entry] {
        names(in: place).filter { $0.hasSuffix(".json") }.compactMap { PrivateFiles.Entry("\(place)/\($0)") }
    }

    private static func names(in directory: String) -> [String] { PrivateFiles.names(in: directory) }

    /// Folders whose names have the same hash share a place: records say which folder they are of.
    private func place(of folder: String) -> String { "\(directory)/\(Self.hash(folder))" }

    private static func name(_ session: String) -> String {
        let isPlain = session.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: false
            }
        }
        return (isPlain && 1...64 ~= session.utf8.count ? session : "_" + hash(session)) + ".json"
    }

    /// FNV-1a: nothing depends on it but which file is looked into.
    private static func hash(_ text: String) -> String {
        let value = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(value, radix: 16)
    }
}
