import Git
import Glibc
import TestSupport
import Testing
import Workspace

@Suite("Unsaved buffers")
struct OverlayTests {
    @Test("A buffer stands in for its file, with the file's mode; a new one makes its folders")
    func replaces() throws {
        let folder = try TemporaryFolder()
        try folder.write("run.sh", "old, and longer than what comes", mode: 0o755)
        try folder.write("sub/a.c", "old")
        let taken = try TakenSnapshot(
            of: folder.path,
            overlays: [
                "run.sh": Array("new".utf8), "\(folder.path)/sub/./a.c": Array("also new".utf8),
                "new/deep/b.c": Array("b".utf8), "empty": [],
            ])
        #expect(taken.folder.readText("run.sh") == "new")
        #expect(taken.folder.readText("sub/a.c") == "also new")
        #expect(taken.folder.readText("new/deep/b.c") == "b")
        #expect(taken.snapshot.entries["run.sh"]?.mode == .executable)
        #expect(taken.snapshot.treeHash == (try gitTree(taken.folder.path)))
        #expect(folder.readText("run.sh") == "old, and longer than what comes")
        #expect(folder.read("new/deep/b.c") == nil)
    }

    @Test(
        "A buffer outside the folder is refused, and nothing is written there",
        arguments: [
            "../x", "/etc/cofferdam-test", "a/../../x", "..", ".", "", "zero\0byte", "link", "through/x", "file/x",
            "../\u{338}x", "a/..//../x",
        ])
    func hostile(path: String) throws {
        let outside = try TemporaryFolder()
        let folder = try TemporaryFolder()
        try folder.write("file", "")
        #expect(symlink("\(outside.path)/target", "\(folder.path)/link") == 0)
        #expect(symlink(outside.path, "\(folder.path)/through") == 0)
        let parent = try TemporaryFolder()
        let base = try parent.makeFolder("base")
        #expect(throws: WorkspaceError.badPath(path)) {
            try SnapshotTaker.take(folder: folder.path, into: base, overlays: [path: Array("hostile".utf8)])
        }
        #expect(try HostCommand.run(["ls", "-A", parent.path]).line == "base")
        #expect(try HostCommand.run(["ls", "-A", outside.path]).line == "")
        #expect(access("/etc/cofferdam-test", F_OK) != 0)
    }

    @Test("A folder cannot be replaced by a buffer")
    func folderInTheWay() throws {
        let folder = try TemporaryFolder()
        try folder.write("sub/a", "")
        #expect {
            try TakenSnapshot(of: folder.path, overlays: ["sub": []])
        } throws: { error in
            guard case .fileFailed("sub", _)? = error as? WorkspaceError else { return false }
            return true
        }
    }

    @Test("Buffers of what is not taken are not taken either: git's own files, ignored files")
    func withheld() throws {
        let folder = try TemporaryFolder()
        try #require(try HostCommand.git(["init", "-q"], in: folder.path).exitCode == 0)
        try folder.write(".gitignore", ".env\n")
        let taken = try TakenSnapshot(
            of: folder.path,
            overlays: [
                ".env": Array("KEY=secret".utf8), ".git/COMMIT_EDITMSG": Array("message".utf8), "a.c": Array("a".utf8),
            ])
        #expect(Set(taken.snapshot.entries.keys) == [".gitignore", "a.c"])
        #expect(taken.folder.read(".env") == nil)
        #expect(access("\(taken.folder.path)/.git", F_OK) != 0)
        #expect(taken.snapshot.leftOut.count == 2)
    }
}
