import Glibc

@testable import Sandbox

/// A tree as far as a snapshot must keep it, for comparison.
struct TreeDescription: Equatable {
    struct File: Equatable, CustomStringConvertible {
        var kind: UInt32
        var mode: UInt32
        /// Nanoseconds; 0 for a directory.
        var modified: Int
        var contents: [UInt8]
        var attributes: [String: [UInt8]]
        /// The first path of the same inode.
        var firstName: String?

        var description: String {
            "kind \(String(kind, radix: 8)) mode \(String(mode, radix: 8)) time \(modified) \(contents.count) bytes "
                + "\(contents.prefix(40)) \(attributes) \(firstName ?? "")"
        }
    }

    var files: [String: File] = [:]

    init(_ root: String, marks: OverlayChanges.Attributes = .trusted) {
        var names: [UInt64: String] = [:]
        add(root, "", marks, &names)
    }

    private mutating func add(
        _ root: String, _ relative: String, _ marks: OverlayChanges.Attributes, _ names: inout [UInt64: String]
    ) {
        let path = relative.isEmpty ? root : root + "/" + relative
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        let kind = status.st_mode & S_IFMT
        var file = File(
            kind: kind, mode: kind == S_IFLNK ? 0 : status.st_mode & 0o7777,
            modified: kind == S_IFDIR ? 0 : SnapshotScan.nanoseconds(status.st_mtim), contents: [], attributes: [:])
        switch kind {
        case S_IFREG:
            file.contents = TestSandbox.bytes(path)
            if status.st_nlink > 1 {
                file.firstName = names[UInt64(status.st_ino), default: relative]
                names[UInt64(status.st_ino)] = file.firstName
            }
            file.attributes = Self.attributes(path, marks)
        case S_IFLNK:
            file.contents = Array((HostPaths.linkTarget(path) ?? "").utf8)
        case S_IFDIR:
            file.attributes = Self.attributes(path, marks)
        default: break
        }
        files[relative] = file
        guard kind == S_IFDIR else { return }
        let directory = open(path, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        for name in DirectoryReader.names(of: directory) ?? [] {
            let name = String(decoding: name.bytes, as: UTF8.self)
            add(root, relative.isEmpty ? name : relative + "/" + name, marks, &names)
        }
    }

    private static func attributes(_ path: String, _ marks: OverlayChanges.Attributes) -> [String: [UInt8]] {
        let descriptor = TestSandbox.openLent(path)
        defer { close(descriptor) }
        let all = FileAttributes.read(descriptor, nil, marks) ?? []
        return Dictionary(
            uniqueKeysWithValues: all.map { (String(decoding: $0.name.dropLast(), as: UTF8.self), $0.value) })
    }

    /// What differs, for a message.
    func differences(from other: TreeDescription) -> [String] {
        Set(files.keys).union(other.files.keys).sorted().filter { files[$0] != other.files[$0] }.map {
            "\($0): \(files[$0]?.description ?? "-") instead of \(other.files[$0]?.description ?? "-")"
        }
    }
}

extension TestSandbox {
    /// Opened also where its own owner may not read it.
    static func openLent(_ path: String) -> Int32 {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let parent = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY)
        defer { close(parent) }
        return DirectoryReader.openFile(FileName(bytes: Array(path[slash...].dropFirst().utf8)), in: parent)
    }

    static func bytes(_ path: String) -> [UInt8] {
        let descriptor = openLent(path)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while let part = Descriptors.read(descriptor), !part.isEmpty { bytes += part }
        return bytes
    }
}
