/// The path of an archive's entry, split and checked: relative, without `..`, of names that the kernel takes.
struct EntryPath: Hashable {
    let parts: [String]

    /// Nil for a path that could lead out of the root.
    init(_ text: String) throws(Rejection) {
        guard text.utf8.count <= ExtractionLimits.pathBytes else { throw Rejection("has too long a path") }
        guard !text.hasPrefix("/") else { throw Rejection("has an absolute path") }
        var parts: [String] = []
        for part in text.split(separator: "/") where part != "." {
            guard part != ".." else { throw Rejection("has a path with “..”") }
            guard part.utf8.count <= ExtractionLimits.nameBytes else { throw Rejection("has too long a name") }
            parts.append(String(part))
        }
        guard parts.count <= ExtractionLimits.depth else { throw Rejection("is nested too deeply") }
        self.parts = parts
    }

    private init(parts: [String]) {
        self.parts = parts
    }

    var isRoot: Bool { parts.isEmpty }
    var name: String { parts.last ?? "." }
    var parent: EntryPath { EntryPath(parts: parts.dropLast()) }
    /// For system calls relative to the root.
    var text: String { parts.isEmpty ? "." : parts.joined(separator: "/") }

    func appending(_ name: String) -> EntryPath { EntryPath(parts: parts + [name]) }
}

/// Why an entry is not taken, to be put after its name.
struct Rejection: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
