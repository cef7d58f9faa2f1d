import AgentProtocol

/// `ApplyRecord` as it is on disk: each text once, however many images show it.
struct StoredApplyRecord: Codable, Sendable {
    static let currentVersion = 1

    struct Image: Codable, Sendable {
        /// `absent`, `file`, `executable`, `link`
        var kind: String
        /// Its place in `contents`.
        var contents: Int?
    }

    struct Entry: Codable, Sendable {
        var path: String
        var image: Image
        var hunks: [String]
    }

    struct File: Codable, Sendable {
        var path: String
        var before: Image
        var after: Image
        var entry: Entry?
    }

    struct Operation: Codable, Sendable {
        var files: [File]
        /// Absent in what was written to its end.
        var begun: String?
    }

    var version: Int
    var session: String
    var folder: String
    var files: [Entry]
    var operations: [Operation]
    /// In base64.
    var contents: [String]

    init(_ record: ApplyRecord) {
        var pool = Pool()
        version = Self.currentVersion
        session = record.session
        folder = record.folder
        files = record.files.sorted { $0.key < $1.key }.map { pool.entry($0.key, $0.value) }
        operations = record.operations.map { operation in
            Operation(
                files: operation.files.sorted { $0.key < $1.key }.map { path, file in
                    File(
                        path: path, before: pool.image(file.before), after: pool.image(file.after),
                        entry: file.entry.map { pool.entry(path, $0) })
                }, begun: operation.begun)
        }
        contents = pool.contents
    }

    /// - Returns: nil when it is of another version or broken.
    func record() -> ApplyRecord? {
        guard version == Self.currentVersion else { return nil }
        let texts = contents.map(Base64.decode)
        var record = ApplyRecord(session: session, folder: folder)
        for entry in files {
            guard let value = Self.entry(entry, texts) else { return nil }
            record.files[entry.path] = value
        }
        for operation in operations {
            var files: [String: ApplyRecord.Operation.File] = [:]
            for file in operation.files {
                guard let before = Self.image(file.before, texts), let after = Self.image(file.after, texts) else {
                    return nil
                }
                files[file.path] = .init(
                    before: before, after: after, entry: file.entry.flatMap { Self.entry($0, texts) })
            }
            record.operations.append(.init(files: files, begun: operation.begun))
        }
        return record
    }

    private static func entry(_ entry: Entry, _ texts: [[UInt8]?]) -> ApplyRecord.Entry? {
        image(entry.image, texts).map { ApplyRecord.Entry(image: $0, hunks: entry.hunks) }
    }

    private static func image(_ image: Image, _ texts: [[UInt8]?]) -> FileImage? {
        if image.kind == "absent" { return .absent }
        guard let index = image.contents, texts.indices.contains(index), let bytes = texts[index] else { return nil }
        switch image.kind {
        case "file": return .file(bytes, executable: false)
        case "executable": return .file(bytes, executable: true)
        case "link": return .link(bytes)
        default: return nil
        }
    }

    private struct Pool {
        var contents: [String] = []
        private var known: [[UInt8]: Int] = [:]

        mutating func entry(_ path: String, _ entry: ApplyRecord.Entry) -> Entry {
            Entry(path: path, image: image(entry.image), hunks: entry.hunks)
        }

        mutating func image(_ image: FileImage) -> Image {
            switch image {
            case .absent, .folder: Image(kind: "absent", contents: nil)
            case .file(let bytes, let executable): Image(kind: executable ? "executable" : "file", contents: add(bytes))
            case .link(let bytes): Image(kind: "link", contents: add(bytes))
            }
        }

        private mutating func add(_ bytes: [UInt8]) -> Int {
            if let index = known[bytes] { return index }
            contents.append(Base64.encode(bytes))
            known[bytes] = contents.count - 1
            return contents.count - 1
        }
    }
}
