import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Whether a file of a copied workspace is as a prepared layer has it.
enum LayerComparison {
    /// - Parameter layers: topmost first; the first one that has the path counts.
    static func isUnchanged(
        _ name: FileName, _ status: stat, in directory: Int32, path: [UInt8], layers: [String]
    ) -> Bool {
        for layer in layers {
            let root = open(layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard root >= 0 else { continue }
            defer { Descriptors.close(root) }
            let slash = path.lastIndex(of: UInt8(ascii: "/"))
            let parent = slash.map { Array(path[..<$0]) } ?? Array(".".utf8)
            let place = withPathPointer(parent) {
                cspawn_open_beneath(root, $0, O_RDONLY | O_DIRECTORY, 0, CSPAWN_NO_SYMLINKS)
            }
            guard place >= 0 else { continue }
            defer { Descriptors.close(place) }
            guard let old = DirectoryReader.status(of: name, in: place) else { continue }
            return isSame(name, status, directory, old, place)
        }
        return false
    }

    private static func isSame(
        _ name: FileName, _ new: stat, _ directory: Int32, _ old: stat, _ place: Int32
    ) -> Bool {
        guard new.st_mode & S_IFMT == old.st_mode & S_IFMT else { return false }
        switch new.st_mode & S_IFMT {
        case S_IFLNK:
            return DirectoryReader.linkTarget(of: name, in: directory)
                == DirectoryReader.linkTarget(of: name, in: place)
        case S_IFREG:
            guard new.st_size == old.st_size, new.st_mode & 0o777 == old.st_mode & 0o777 else { return false }
            return DirectoryReader.hasSameBytes(name, in: directory, as: place)
        default: return false
        }
    }
}
