import Clibgit2

/// Computes the name of a git tree without a repository.
public enum TreeHash {
    public struct Entry: Sendable, Hashable {
        public var mode: FileMode
        public var blob: ObjectID

        public init(mode: FileMode, blob: ObjectID) {
            self.mode = mode
            self.blob = blob
        }
    }

    private final class Folder {
        var files: [(name: [UInt8], entry: Entry)] = []
        /// By bytes: two names that look alike to Unicode are two names to git.
        var folders: [[UInt8]: Folder] = [:]
    }

    /// - Parameter entries: files by path relative to the root, parts separated by `/`.
    /// - Returns: what `git write-tree` prints for an index with these files.
    public static func compute(_ entries: [String: Entry]) throws(GitError) -> ObjectID {
        let root = Folder()
        for (path, entry) in entries {
            let parts = path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
            guard let name = parts.last else { continue }
            var folder = root
            for part in parts.dropLast() {
                if let next = folder.folders[part] {
                    folder = next
                } else {
                    let next = Folder()
                    folder.folders[part] = next
                    folder = next
                }
            }
            folder.files.append((name, entry))
        }
        return try hash(root)
    }

    private static func hash(_ folder: Folder) throws(GitError) -> ObjectID {
        // git sorts a folder as if its name ended with a slash.
        var rows: [(key: [UInt8], line: [UInt8])] = folder.files.map { file in
            (file.name, Array("\(file.entry.mode.rawValue) ".utf8) + file.name + [0] + file.entry.blob.bytes)
        }
        for (name, child) in folder.folders {
            let id = try hash(child)
            rows.append((name + [UInt8(ascii: "/")], Array("40000 ".utf8) + name + [0] + id.bytes))
        }
        rows.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return try ObjectID.hash(rows.flatMap(\.line), GIT_OBJECT_TREE)
    }
}
