import Git
import Glibc
import TestSupport
import Testing
import Workspace

@Suite("Tree hashes agree with git")
struct TreeHashTests {
    @Test("The empty tree and known blobs")
    func known() throws {
        #expect(try TreeHash.compute([:]).description == "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
        #expect(try ObjectID.blob([]).description == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
        #expect(try ObjectID.blob(Array("hello\n".utf8)).description == "ce013625030ba8dba906f756967f9e9ca394464a")
    }

    @Test("Names that sort or look alike in traps")
    func traps() throws {
        let folder = try TemporaryFolder()
        let names = [
            "a.b", "a/x", "a-b", "a0", "a b", "b", "b.c/d", "b-c/d", "b0/d", " leading", "trailing ", "tab\there",
            "quote\"s", "back\\slash", "new\nline", "umlaut-\u{FC}", "umlaut-u\u{308}", "e\u{301}/x", "\u{E9}/y",
            "\u{1F600}",
            "c/\u{338}stroke", "dir/sub/deep/deeper/file", "-dash", "~tilde", "$HOME", "*", "Upper", "upper", ".hidden",
        ]
        for (number, name) in names.enumerated() { try folder.write(name, "contents \(number)\n") }
        try folder.write("run", "#!/bin/sh\n", mode: 0o755)
        try folder.write("group-run", "#!/bin/sh\n", mode: 0o654)
        try folder.write("empty", "")
        try folder.write("binary", (0...255).map { UInt8($0) })
        _ = try folder.makeFolder("nothing/in/here")
        #expect(symlink("a.b", "\(folder.path)/link") == 0)
        #expect(symlink("/nowhere/\u{FC}", "\(folder.path)/dangling") == 0)
        #expect(symlink("dir", "\(folder.path)/a.link") == 0)
        // Two Unicode forms of one name are two names to the kernel and to git, but one key to Swift.
        let taken = try TakenSnapshot(of: folder.path)
        #expect(taken.snapshot.leftOut.count == 1)
        #expect(taken.snapshot.leftOut.first?.contains("Unicode form") == true)
        #expect(taken.snapshot.treeHash == (try gitTree(taken.folder.path)))
        #expect(taken.snapshot.entries.count == names.count - 1 + 7)
        for twin in ["umlaut-\u{FC}", "umlaut-u\u{308}"] where taken.folder.read(twin) == nil {
            unlink("\(folder.path)/\(twin)")
        }
        #expect(try TakenSnapshot(of: folder.path).snapshot.treeHash == (try gitTree(folder.path)))
    }

    @Test("Random trees", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        let pieces = ["a", "b", ".", "-", "0", "Z", " ", "\u{E4}", "'", "\"", "~", "lib", "\u{65E5}"]
        func name() -> String {
            let text = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? "a"
            }.joined()
            return text == "." || text == ".." ? "dot" : text
        }
        var folders = [""]
        for _ in 0..<120 {
            let parent = folders.randomElement(using: &generator) ?? ""
            let path = parent + name()
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...2:
                guard mkdir("\(folder.path)/\(path)", 0o755) == 0 else { continue }
                folders.append(path + "/")
            case 3:
                _ = symlink(name(), "\(folder.path)/\(path)")
            default:
                var status = stat()
                guard lstat("\(folder.path)/\(path)", &status) != 0 else { continue }
                let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                try folder.write(path, bytes, mode: Bool.random(using: &generator) ? 0o644 : 0o755)
            }
        }
        let taken = try TakenSnapshot(of: folder.path)
        let expected = try gitTree(folder.path)
        #expect(taken.snapshot.treeHash == expected)
        #expect(try gitTree(taken.folder.path) == expected)
        #expect(taken.snapshot.entries.count > 40)
    }
}
