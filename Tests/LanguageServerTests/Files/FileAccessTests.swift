import Testing

@testable import LanguageServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct WorkspacePathTests {
    @Test(arguments: ["a", "a/b.c", "...", ".gitignore", ".github/workflows/ci.yml", "a b/é"])
    func takesPathsInside(path: String) throws {
        #expect(try WorkspacePath(path).text == path)
    }

    @Test(arguments: [
        "", "/a", "..", "../a", "a/../b", "a/./b", "a//b", "a/", "./a", "a\0b", ".git", ".git/config", "a/.git/hooks/x",
        ".GIT/config", ".git./config", ".git /x", "git~1/x", ".git::$INDEX_ALLOCATION/x", ".g\u{200C}it/config",
        ".g\u{200B}it/config", String(repeating: "a", count: 5000),
    ])
    func refusesTheRest(path: String) {
        #expect(throws: FileAccessError.self) { try WorkspacePath(path) }
    }
}

@Suite struct PosixFileAccessTests {
    let folder: TemporaryFolder
    let files = PosixFileAccess()

    init() throws { folder = try TemporaryFolder() }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func writesNewFilesAndFolders() throws {
        try files.write(bytes("x"), to: WorkspacePath("a/b/c.txt"), beneath: folder.path, executable: nil)
        #expect(folder.read("a/b/c.txt") == "x")
        #expect(TemporaryFolder.names(folder.file("a/b")) == ["c.txt"], "no temporary file is left")
    }

    @Test func keepsTheOldMode() throws {
        try folder.write("run.sh", "old", mode: 0o754)
        try files.write(bytes("new"), to: WorkspacePath("run.sh"), beneath: folder.path, executable: nil)
        #expect(folder.read("run.sh") == "new")
        #expect(folder.mode("run.sh") == 0o754)
    }

    @Test func setsAndClearsExecutable() throws {
        try folder.write("a", "x", mode: 0o640)
        try files.write(bytes("x"), to: WorkspacePath("a"), beneath: folder.path, executable: true)
        #expect(folder.mode("a") == 0o750)
        try files.write(bytes("x"), to: WorkspacePath("a"), beneath: folder.path, executable: false)
        #expect(folder.mode("a") == 0o640)
    }

    @Test func setUserIdIsNotKept() throws {
        try folder.write("a", "x", mode: 0o4755)
        try files.write(bytes("y"), to: WorkspacePath("a"), beneath: folder.path, executable: nil)
        #expect(folder.mode("a") == 0o755)
    }

    @Test func neverFollowsLinks() throws {
        let outside = try TemporaryFolder()
        try outside.write("secret", "old")
        folder.link("file", to: outside.file("secret"))
        folder.link("dir", to: outside.path)
        for path in ["file", "dir/secret", "dir/new"] {
            let path = try WorkspacePath(path)
            #expect(throws: FileAccessError.self) {
                try files.write(bytes("new"), to: path, beneath: folder.path, executable: nil)
            }
            #expect(throws: FileAccessError.self) { try files.read(path, beneath: folder.path, limit: 100) }
            #expect(throws: FileAccessError.self) { try files.remove(path, beneath: folder.path) }
        }
        #expect(outside.read("secret") == "old")
        #expect(outside.names == ["secret"])
    }

    @Test func pipesAndFoldersAreNoFiles() throws {
        mkfifo(folder.file("pipe"), 0o600)
        mkdir(folder.file("dir"), 0o700)
        for name in ["pipe", "dir"] {
            let path = try WorkspacePath(name)
            #expect(throws: FileAccessError.notAFile(path: name)) {
                try files.read(path, beneath: folder.path, limit: 10)
            }
            #expect(throws: FileAccessError.notAFile(path: name)) {
                try files.write([], to: path, beneath: folder.path, executable: nil)
            }
        }
    }

    @Test func largeFilesAreRefused() throws {
        try folder.write("big", String(repeating: "x", count: 101))
        #expect(throws: FileAccessError.tooLarge(path: "big", limit: 100)) {
            try files.read(try WorkspacePath("big"), beneath: folder.path, limit: 100)
        }
        #expect(try files.read(try WorkspacePath("big"), beneath: folder.path, limit: 101)?.bytes.count == 101)
    }

    @Test func missingFilesAreNil() throws {
        #expect(try files.read(try WorkspacePath("no/such"), beneath: folder.path, limit: 10) == nil)
        try files.remove(try WorkspacePath("no/such"), beneath: folder.path)
        #expect(!files.parentExists(try WorkspacePath("no/such"), beneath: folder.path))
        #expect(files.parentExists(try WorkspacePath("such"), beneath: folder.path))
    }

    @Test func transcriptsArePrivateAndNotShared() throws {
        let directory = folder.file("state/transcripts")
        let first = try files.openTranscript(named: "s1", in: directory)
        try first.append(bytes("one"))
        let second = try files.openTranscript(named: "s1", in: directory)
        try second.append(bytes("two"))
        #expect(first.path != second.path)
        #expect(TemporaryFolder.read(first.path) == "one")
        #expect(TemporaryFolder.read(second.path) == "two")
        #expect(folder.mode("state/transcripts/s1.md") == 0o600)
        #expect(folder.mode("state/transcripts") == 0o700)
    }

    @Test func aNewTranscriptBeginsEmpty() throws {
        try folder.write("t/s1.md", "from an earlier run")
        let file = try files.openTranscript(named: "s1", in: folder.file("t"))
        #expect(TemporaryFolder.read(file.path) == "")
    }
}
