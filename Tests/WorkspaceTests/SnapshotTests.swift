import Git
import Glibc
import TestSupport
import Testing
import Workspace

@Suite("Snapshots")
struct SnapshotTests {
    @Test("The user's files are only read, and the copy keeps their times")
    func untouched() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "sub/b", "sub/deep/c"] { try folder.write(name, name, mode: 0o600) }
        let list = ["/bin/sh", "-c", "find . -printf '%p %y %m %s %T@ %C@ %i\\n' | sort"]
        let times = ["/bin/sh", "-c", "find . -mindepth 1 -printf '%p %T@\\n' | sort"]
        for (name, time) in [("a", 1_000_000_007), ("sub/b", 2_000_000_000), ("sub/deep/c", 5), ("sub/deep", 77)] {
            let stamp = timespec(tv_sec: time, tv_nsec: 123_456_789)
            #expect(utimensat(AT_FDCWD, "\(folder.path)/\(name)", [stamp, stamp], 0) == 0)
        }
        let before = try HostCommand.run(list, in: folder.path).text
        let taken = try TakenSnapshot(of: folder.path)
        #expect(try HostCommand.run(list, in: folder.path).text == before)
        let kept = try HostCommand.run(times, in: folder.path).text
        #expect(kept.contains("./a 1000000007.1234567890"))
        #expect(try HostCommand.run(times, in: taken.folder.path).text == kept)
    }

    @Test("Pipes, sockets and unreadable names are left out and named", .timeLimit(.minutes(10)))
    func special() throws {
        let folder = try TemporaryFolder()
        try folder.write("a", "a")
        #expect(mkfifo("\(folder.path)/pipe", 0o644) == 0)
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder.path)/socket".utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        let name: [CChar] = "\(folder.path)/bad".utf8CString.dropLast() + [-1, 0]
        let bad = open(name, O_CREAT | O_WRONLY, 0o644)
        #expect(bad >= 0)
        close(bad)
        let taken = try TakenSnapshot(of: folder.path)
        #expect(Set(taken.snapshot.entries.keys) == ["a"])
        let text = taken.snapshot.leftOut.joined(separator: "\n")
        #expect(text.contains("pipe is neither") && text.contains("socket is neither") && text.contains("not UTF-8"))
    }

    @Test("Links are copied as links and never followed")
    func links() throws {
        let outside = try TemporaryFolder()
        try outside.write("secret", "secret")
        let folder = try TemporaryFolder()
        #expect(symlink("\(outside.path)/secret", "\(folder.path)/file") == 0)
        #expect(symlink(outside.path, "\(folder.path)/folder") == 0)
        #expect(symlink(".", "\(folder.path)/self") == 0)
        let taken = try TakenSnapshot(of: folder.path)
        #expect(Set(taken.snapshot.entries.keys) == ["file", "folder", "self"])
        #expect(taken.snapshot.entries.values.allSatisfy { $0.mode == .symbolicLink })
        #expect(FileBytes.readLink("\(taken.folder.path)/file") == Array("\(outside.path)/secret".utf8))
        #expect(FileBytes.read("\(taken.folder.path)/file", limit: 100) == nil)
    }

    @Test("Very deep folders are no way to crash the service")
    func deep() throws {
        let folder = try TemporaryFolder()
        let script = "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d || exit 1; i=$((i+1)); done; echo x > file"
        #expect(try HostCommand.run(["/bin/sh", "-c", script], in: folder.path).exitCode == 0)
        let taken = try TakenSnapshot(of: folder.path)
        #expect(taken.snapshot.entries.isEmpty)
        #expect(taken.snapshot.leftOut.first?.contains("nested too deeply") == true)
        let fine = try TemporaryFolder()
        try fine.write(String(repeating: "d/", count: 250) + "file", "x")
        #expect(try TakenSnapshot(of: fine.path).snapshot.treeHash == (try gitTree(fine.path)))
    }

    @Test("Beyond a limit there is an error that says what to do; at the limit there is none")
    func limits() throws {
        let folder = try TemporaryFolder()
        for number in 0..<10 { try folder.write("f\(number)", "0123456789") }
        var limits = WorkspaceSnapshot.Limits()
        limits.files = 10
        limits.bytes = 100
        #expect(try TakenSnapshot(of: folder.path, limits: limits).snapshot.entries.count == 10)
        limits.files = 9
        #expect(throws: WorkspaceError.tooManyFiles(limit: 9)) { try TakenSnapshot(of: folder.path, limits: limits) }
        limits.files = 10
        limits.bytes = 99
        #expect(throws: WorkspaceError.tooLarge(limit: 99)) { try TakenSnapshot(of: folder.path, limits: limits) }
        #expect(WorkspaceError.tooLarge(limit: 99).description.contains(".gitignore"))
        // An unsaved buffer counts too.
        limits.bytes = 100
        #expect(throws: WorkspaceError.tooLarge(limit: 100)) {
            try TakenSnapshot(of: folder.path, overlays: ["f0": Array("more".utf8)], limits: limits)
        }
    }

    @Test("A folder that is none is an error")
    func notAFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", "")
        for path in ["\(folder.path)/none", "\(folder.path)/file"] {
            #expect(throws: WorkspaceError.notAFolder(path)) { try TakenSnapshot(of: path) }
        }
    }
}
