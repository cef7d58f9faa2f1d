import Git
import Glibc
import TestSupport
import Testing
import Workspace

@Suite("What git ignores stays with the user")
struct IgnoreTests {
    private func repository() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try #require(try HostCommand.git(["init", "-q"], in: folder.path).exitCode == 0)
        return folder
    }

    @Test("Root, nested and private rules, negation and folders, as git itself lists the files")
    func rules() throws {
        let folder = try repository()
        try folder.write(".gitignore", "*.o\n/build/\nsecret\n!keep.o\nlogs/*\n!logs/keep\n")
        try folder.write("src/.gitignore", "*.tmp\n!*.o\n")
        try folder.write(".git/info/exclude", "private\n")
        for name in [
            "a.c", "a.o", "keep.o", "build/x", "src/build/x", "src/a.tmp", "src/a.o", "src/deep/b.tmp", "secret",
            "deep/secret/inside", "private", "logs/one", "logs/keep", ".envoy", "a.tmp",
        ] { try folder.write(name, name) }
        #expect(symlink("a.c", "\(folder.path)/link.o") == 0)
        let taken = try TakenSnapshot(of: folder.path)
        #expect(Set(taken.snapshot.entries.keys) == (try gitFiles(folder.path)))
        #expect(taken.snapshot.entries["src/a.o"] != nil)
        #expect(taken.snapshot.entries["build/x"] == nil)
        #expect(taken.folder.read("a.o") == nil)
        #expect(access("\(taken.folder.path)/build", F_OK) != 0)
        #expect(access("\(taken.folder.path)/.git", F_OK) != 0)
    }

    @Test("A checkout without a repository goes by its own rules, as git would list its files")
    func checkout() throws {
        let folder = try TemporaryFolder()
        try folder.write(".gitignore", "*.o\n/build/\n!keep.o\n")
        try folder.write("src/.gitignore", "*.tmp\n!*.o\n")
        let rules = try #require(IgnoreRules(checkout: folder.path))
        for path in ["a.o", "build/", "build/x", "src/b.tmp", "src/deep/b.tmp", "lib/a.o"] {
            #expect(rules.ignores(path), "\(path)")
        }
        for path in ["a.c", "keep.o", "src/a.o", "src/", "src/build/x", "a.tmp"] {
            #expect(!rules.ignores(path), "\(path)")
        }
        #expect(IgnoreRules(checkout: folder.path + "/none") == nil)
    }

    @Test("A folder inside a repository obeys the rules above it")
    func folderInRepository() throws {
        let folder = try repository()
        try folder.write(".gitignore", "*.o\n/project/generated/\n")
        try folder.write("project/a.c", "")
        try folder.write("project/a.o", "")
        try folder.write("project/generated/b.c", "")
        try folder.write("project/sub/c.o", "")
        let taken = try TakenSnapshot(of: "\(folder.path)/project")
        #expect(Set(taken.snapshot.entries.keys) == ["a.c"])
    }

    @Test("A folder that is itself ignored stands for itself")
    func ignoredFolder() throws {
        let folder = try repository()
        try folder.write(".gitignore", "scratch/\n")
        try folder.write("scratch/a.c", "")
        #expect(Set(try TakenSnapshot(of: "\(folder.path)/scratch").snapshot.entries.keys) == ["a.c"])
    }

    @Test("What is tracked is never ignored")
    func tracked() throws {
        let folder = try repository()
        try folder.write(".gitignore", "dist/\n*.lock\n")
        for name in ["dist/kept/a.js", "dist/b.js", "x.lock", "y.lock", "c.js"] { try folder.write(name, name) }
        let add = try HostCommand.git(["add", "-f", "dist/kept/a.js", "x.lock", ".gitignore", "c.js"], in: folder.path)
        try #require(add.exitCode == 0)
        let taken = try TakenSnapshot(of: folder.path)
        #expect(Set(taken.snapshot.entries.keys) == [".gitignore", "c.js", "dist/kept/a.js", "x.lock"])
        #expect(Set(taken.snapshot.entries.keys) == (try gitFiles(folder.path)))
    }

    @Test("The rules hold through a symbolic link to the folder, and in a repository of another user")
    func otherWays() throws {
        let folder = try repository()
        try folder.write(".gitignore", "secret\n")
        try folder.write("secret", "")
        try folder.write("a.c", "")
        let other = try TemporaryFolder()
        #expect(symlink(folder.path, "\(other.path)/link") == 0)
        #expect(Set(try TakenSnapshot(of: "\(other.path)/link").snapshot.entries.keys) == [".gitignore", "a.c"])
        guard geteuid() == 0 else { return }
        for name in ["", "/.git", "/.git/config", "/secret"] { #expect(chown(folder.path + name, 1234, 1234) == 0) }
        #expect(Set(try TakenSnapshot(of: folder.path).snapshot.entries.keys) == [".gitignore", "a.c"])
    }

    @Test("Outside a repository nothing is ignored; a broken one is none")
    func noRepository() throws {
        let folder = try TemporaryFolder()
        try folder.write(".gitignore", "*.o\n")
        try folder.write("a.o", "")
        try folder.write("sub/.git/config", "x")
        try folder.write("worktree/.git", "gitdir: /nowhere")
        #expect(Set(try TakenSnapshot(of: folder.path).snapshot.entries.keys) == [".gitignore", "a.o"])
        #expect(IgnoreRules(folder: folder.path) == nil)
        #expect(IgnoreRules(folder: "\(folder.path)/worktree") == nil)
        #expect(IgnoreRules(folder: "\(folder.path)/none") == nil)
    }
}
