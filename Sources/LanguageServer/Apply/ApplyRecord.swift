/// What was written of one session's results into one folder: what later results are compared with, and what can be undone.
struct ApplyRecord: Sendable, Equatable {
    /// What was last taken over of a file.
    struct Entry: Sendable, Equatable {
        var image: FileImage
        /// Ids of the changes that are in it.
        var hunks: [String]
    }

    /// One apply.
    struct Operation: Sendable, Equatable {
        var files: [String: File]
        /// Only while it is being written: what it will have done. It stays where the program ended meanwhile.
        var begun: String?

        struct File: Sendable, Equatable {
            var before: FileImage
            var after: FileImage
            /// What was remembered before.
            var entry: Entry?
        }
    }

    /// More applies than this nobody takes back one by one.
    static let mostOperations = 50
    /// Beyond this the eldest applies can no longer be undone, then the largest files are compared with the session's
    /// beginning again.
    static let mostBytes = 64 << 20

    let session: String
    let folder: String
    var files: [String: Entry] = [:]
    /// The newest last.
    var operations: [Operation] = []

    init(session: String, folder: String) {
        self.session = session
        self.folder = folder
    }

    /// An apply is about to be written.
    /// - Parameter name: one of its own, by which ``apply(_:_:begun:)`` finds it again.
    mutating func begin(_ name: String, _ images: [String: ApplyPlan.Images]) {
        add(images, begun: name)
        trim()
    }

    /// Takes in what was applied: images and memory of each file.
    mutating func apply(_ images: [String: ApplyPlan.Images], _ memory: [String: Entry], begun name: String? = nil) {
        if let name { operations.removeAll { $0.begun == name } }
        add(images)
        for path in images.keys { if let entry = memory[path] { files[path] = entry } }
        trim()
    }

    private mutating func add(_ images: [String: ApplyPlan.Images], begun name: String? = nil) {
        var operation = Operation(files: [:], begun: name)
        for (path, images) in images where images.before != images.after {
            operation.files[path] = .init(before: images.before, after: images.after, entry: files[path])
        }
        if !operation.files.isEmpty { operations.append(operation) }
    }

    /// The newest apply was undone, but for some of its files.
    mutating func undo(_ paths: Set<String>) {
        guard var operation = operations.popLast() else { return }
        for (path, file) in operation.files where paths.contains(path) {
            files[path] = file.entry
            operation.files[path] = nil
        }
        if !operation.files.isEmpty { operations.append(operation) }
    }

    private mutating func trim() {
        if operations.count > Self.mostOperations { operations.removeFirst(operations.count - Self.mostOperations) }
        var total = byteCount
        while total > Self.mostBytes, let eldest = operations.first {
            total -= eldest.byteCount
            operations.removeFirst()
        }
        for (path, entry) in files.sorted(by: { $0.value.image.byteCount > $1.value.image.byteCount })
        where total > Self.mostBytes {
            total -= entry.image.byteCount
            files[path] = nil
        }
    }

    private var byteCount: Int {
        files.values.reduce(0) { $0 + $1.image.byteCount } + operations.reduce(0) { $0 + $1.byteCount }
    }
}

extension ApplyRecord.Operation {
    var byteCount: Int {
        files.values.reduce(0) { $0 + $1.before.byteCount + $1.after.byteCount + ($1.entry?.image.byteCount ?? 0) }
    }
}
