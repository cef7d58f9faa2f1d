import CSpawn
import Glibc
import TestSupport

@testable import Sandbox

/// Changes a directory at random, in the ways in which an overlay and the programs in a sandbox change an upper layer.
struct RandomTree {
    let root: String
    var random: SeededGenerator

    mutating func change(times: Int) {
        for _ in 0..<times { change() }
    }

    private mutating func change() {
        let files = paths { $0 == S_IFREG }
        let directories = paths { $0 == S_IFDIR } + [""]
        let parent = directories.randomElement(using: &random) ?? ""
        let path = root + "/" + (parent.isEmpty ? "" : parent + "/") + "n\(Int.random(in: 0..<12, using: &random))"
        let file = files.randomElement(using: &random).map { root + "/" + $0 }
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1, 2: write(path, O_WRONLY | O_CREAT | O_TRUNC)
        case 3, 4: mkdir(path, 0o755)
        case 5: symlink("n\(Int.random(in: 0..<12, using: &random))/..", path)
        case 6: if unlink(path) == 0 || errno == ENOENT { mknod(path, S_IFCHR, 0) }
        case 7: if let directory = directories.randomElement(using: &random) { setOpaque(root + "/" + directory) }
        // In place: a hard-linked copy would change with it.
        case 8: if let file { write(file, O_WRONLY | O_APPEND) }
        case 9: if let file { chmod(file, mode_t.random(in: 0...0o7777, using: &random)) }
        case 10: if let file { rename(file, path) }
        case 11: if let file { link(file, path) }
        case 12: if let file { unlink(file) }
        case 13: mkfifo(path, 0o640)
        case 14: if let directory = directories.randomElement(using: &random) { rename(root + "/" + directory, path) }
        default: if let file { sparse(file) }
        }
    }

    private mutating func write(_ path: String, _ flags: Int32) {
        let descriptor = open(path, flags | O_NONBLOCK | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let count = [0, 1, 100, 5000, 70_000].randomElement(using: &random) ?? 0
        let byte = UInt8.random(in: 0...255, using: &random)
        let bytes = [UInt8](repeating: byte, count: count)
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if Bool.random(using: &random) { fsetxattr(descriptor, "user.note", bytes.prefix(9)) }
        if Bool.random(using: &random) {
            let time = timespec(tv_sec: Int.random(in: 1...2_000_000_000, using: &random), tv_nsec: 123_456_789)
            futimens(descriptor, [time, time])
        }
    }

    /// With a hole before a byte at its end.
    private mutating func sparse(_ path: String) {
        let descriptor = open(path, O_WRONLY | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        ftruncate(descriptor, 0)
        let end = off_t.random(in: 1...3_000_000, using: &random)
        _ = pwrite(descriptor, "x", 1, end)
    }

    private func setOpaque(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let marks = (geteuid() == 0 ? OverlayChanges.Attributes.trusted : .user).rawValue
        _ = cspawn_set_attribute(descriptor, nil, marks + "opaque", "y", 1)
        // Holds for the layers that it was noted on, and is not kept.
        _ = cspawn_set_attribute(descriptor, nil, marks + "origin", "zz", 2)
    }

    private func fsetxattr(_ descriptor: Int32, _ name: String, _ value: ArraySlice<UInt8>) {
        _ = value.withUnsafeBytes { cspawn_set_attribute(descriptor, nil, name, $0.baseAddress, $0.count) }
    }

    private func collect(_ relative: String, _ isWanted: (mode_t) -> Bool, _ found: inout [String]) {
        let directory = open(relative.isEmpty ? root : root + "/" + relative, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        for name in DirectoryReader.names(of: directory) ?? [] {
            guard let status = DirectoryReader.status(of: name, in: directory) else { continue }
            let text = String(decoding: name.bytes, as: UTF8.self)
            let path = relative.isEmpty ? text : relative + "/" + text
            let kind = status.st_mode & S_IFMT
            if isWanted(kind) { found.append(path) }
            if kind == S_IFDIR { collect(path, isWanted, &found) }
        }
    }

    private func paths(_ isWanted: (mode_t) -> Bool) -> [String] {
        var found: [String] = []
        collect("", isWanted, &found)
        return found
    }
}
