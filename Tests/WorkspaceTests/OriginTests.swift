import Git
import Glibc
import TestSupport
import Testing

@testable import Workspace

@Suite("What git would record of a folder, beside the bytes that a sandbox sees")
struct OriginTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try git("init", "-q", "-b", "main")
    }

    @discardableResult
    private func git(_ words: String..., in path: String? = nil) throws -> String {
        let result = try HostCommand.git(["-c", "protocol.file.allow=always"] + words, in: path ?? folder.path)
        try #require(result.exitCode == 0, "\(words): \(result.errorText)")
        return result.line
    }

    /// What `git add -A` and `git write-tree` say, with an index of their own.
    private func expected(_ path: String? = nil) throws -> String {
        let path = path ?? folder.path
        let index = try git("rev-parse", "--path-format=absolute", "--git-path", "index", in: path)
        let copy = "\(index).test"
        unlink(copy)
        if let bytes = FileBytes.read(index, limit: 1 << 30) {
            try #require(FileBytes.write(bytes, toFile: copy, mode: 0o600))
        }
        defer { unlink(copy) }
        let run = ["/usr/bin/env", "GIT_INDEX_FILE=\(copy)", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"]
        let top = try git("rev-parse", "--show-toplevel", in: path)
        let add = try HostCommand.run(run + ["git", "add", "-A"], in: top)
        try #require(add.exitCode == 0, "\(add.errorText)")
        return try HostCommand.run(run + ["git", "write-tree"], in: top).line
    }

    private func origin(_ path: String? = nil, rules: WorkspaceRules = .init()) throws -> (
        WorkspaceOrigin, String, [String]
    ) {
        let path = path ?? folder.path
        let base = try TemporaryFolder()
        let taken = try SnapshotTaker.take(folder: path, into: base.path, rules: rules)
        let survey = try FolderSurvey(
            folder: path, rules: rules, limits: .init(), ignore: IgnoreRules(folder: path))
        let repository = try #require(try Repository.containing(path))
        let origin = try OriginReader.read(
            .init(folder: path, entries: taken.entries, nested: taken.nested, contents: base.path),
            undecodable: survey.undecodable,
            sink: { kind, bytes throws(GitError) in try repository.write(kind, bytes) })
        let above =
            origin.adjustments.prefix.bytes.isEmpty ? nil : try origin.head.map { try repository.commit($0).tree }
        let tree = try TreeEditor(repository).tree(
            changing: above, origin.adjustments.leaves(of: taken.entries))
        return (origin, tree.description, taken.leftOut)
    }

    @Test("Nothing differs in an ordinary repository; head, branch and author are told")
    func plain() throws {
        try folder.write("a", "a")
        try git("add", "-A")
        try git("commit", "-qm", "one")
        try git("config", "user.name", "Ada")
        try git("config", "user.email", "ada@example.org")
        try folder.write("b/c", "new")
        let (origin, tree, _) = try origin()
        #expect(origin.adjustments.isEmpty)
        #expect(origin.head?.description == (try git("rev-parse", "HEAD")))
        #expect(origin.branch == "refs/heads/main")
        #expect(origin.author == .init(name: "Ada", email: "ada@example.org"))
        #expect(tree == (try expected()))
    }

    @Test("Line ends by attributes and by configuration, and what was recorded with CRLF stays so")
    func lineEnds() throws {
        try folder.write("old.txt", "a\r\nb\r\n")
        try folder.write("mixed.txt", "a\r\nb\n")
        try git("add", "-A")
        try git("commit", "-qm", "one")
        try folder.write(".gitattributes", "* text=auto\n*.bat text eol=crlf\n*.bin -text\nsub/*.x ident\n")
        for (name, text) in [
            ("new.txt", "x\r\ny\r\n"), ("run.bat", "a\r\n"), ("d.bin", "a\r\n"), ("zero", "a\0\r\n"), ("lf", "a\n"),
            ("sub/a.x", "$Id: 123 $\n"), ("cr", "a\rb\r"),
        ] { try folder.write(name, text) }
        let (origin, tree, _) = try origin()
        #expect(tree == (try expected()))
        #expect(Set(origin.adjustments.converted.keys).isSuperset(of: ["new.txt", "run.bat", "sub/a.x"]))
        // Changed and new files later, by the same rules.
        try git("add", "-A")
        let changed = ["old.txt": "c\r\nd\r\n", "new.txt": "z\r\n", "later.bat": "q\r\n", "later.bin": "q\r\n"]
        let conversion = try GitConversion(
            origin.adjustments, attributes: [".gitattributes": folder.read(".gitattributes") ?? []],
            directory: "\(folder.path)/.git/c")
        for (path, text) in changed {
            let before = folder.read(path)
            try folder.write(path, text)
            let made = try conversion.blob(of: Array(text.utf8), path: path) { before }
            try git("add", path)
            #expect(try ObjectID.blob(made).description == (try git("rev-parse", ":\(path)")), "\(path)")
        }
    }

    @Test("core.autocrlf of the repository")
    func autocrlf() throws {
        try git("config", "core.autocrlf", "true")
        try folder.write("a.txt", "x\r\ny\r\n")
        try folder.write("b/c.txt", "x\ny\n")
        let (origin, tree, _) = try origin()
        let result = try HostCommand.run(["git", "add", "-A"], in: folder.path)
        #expect(result.exitCode == 0)
        #expect(tree == (try git("write-tree")))
        #expect(origin.adjustments.converted["a.txt"] != nil)
    }

    @Test("LFS files are pointers in git, other filters keep what is recorded")
    func filters() throws {
        // What `git lfs clean` does, in a shell.
        try folder.write(
            ".git/clean.sh",
            """
            f=$(mktemp); cat >"$f"
            if [ ! -s "$f" ] || head -n 1 "$f" | grep -q ^version; then cat "$f"; else
              printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %s\\n' \
                "$(sha256sum <"$f" | cut -d' ' -f1)" "$(stat -c %s "$f")"
            fi
            rm "$f"
            """)
        try git("config", "filter.lfs.clean", "sh '\(folder.path)/.git/clean.sh'")
        try folder.write(".gitattributes", "*.big filter=lfs -text\n*.sec filter=vault\n")
        try folder.write("a.big", "large contents")
        try folder.write("p.big", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
        try folder.write("empty.big", "")
        try folder.write("s.sec", "recorded")
        try git("add", "-A")
        try git("commit", "-qm", "one")
        try folder.write("b.big", "larger contents")
        #expect(try origin().1 == (try expected()))
        try folder.write("s.sec", "decrypted")
        let (origin, tree, _) = try origin()
        #expect(Set(origin.adjustments.converted.keys) == ["a.big", "b.big"])
        #expect(!origin.adjustments.isRecorded("s.sec"))
        #expect(origin.notes.count == 1)
        #expect(try git("cat-file", "-p", "\(tree):s.sec") == "recorded")
    }

    @Test("Submodules are links in git whose files the sandbox has; a worktree is like its repository")
    func submodules() throws {
        let other = try TemporaryFolder()
        try git("init", "-q", in: other.path)
        try other.write("lib.c", "int l;")
        try other.write(".gitignore", "*.o\n")
        try git("add", "-A", in: other.path)
        try git("commit", "-qm", "lib", in: other.path)
        try folder.write("a", "a")
        try git("submodule", "add", "-q", other.path, "sub")
        try git("submodule", "add", "-q", other.path, "empty")
        try git("add", "-A")
        try git("commit", "-qm", "one")
        try git("submodule", "deinit", "-q", "-f", "empty")
        try folder.write("sub/more.c", "int m;")
        try folder.write("sub/x.o", "")
        try git("add", "-A", in: "\(folder.path)/sub")
        try git("commit", "-qm", "more", in: "\(folder.path)/sub")
        let (origin, tree, _) = try origin()
        #expect(tree == (try expected()))
        #expect(origin.adjustments.nested == ["sub"])
        #expect(!origin.adjustments.isRecorded("sub/lib.c"))
        #expect(origin.adjustments.isRecorded("subx"))
        #expect(origin.notes.count == 1)
        let place = try TemporaryFolder()
        try git("worktree", "add", "-q", "-b", "side", "\(place.path)/w")
        try place.write("w/new", "n")
        let (second, other2, _) = try self.origin("\(place.path)/w")
        #expect(second.branch == "refs/heads/side")
        #expect(other2 == (try expected("\(place.path)/w")))
    }

    @Test(
        "Sparse checkouts, names that are not UTF-8, deleted, excluded and secret files, and a folder beneath the root")
    func others() throws {
        for path in ["in/a", "in/deep/b", "out/c", "out/deep/d", "root", "in/gone", "in/data/e", "in/.env"] {
            try folder.write(path, path)
        }
        let strange = Array("\(folder.path)/in/".utf8) + [0xFF, 0xFE] + Array("x".utf8)
        func write(_ path: [UInt8], _ text: String) {
            (path + [0]).withUnsafeBufferPointer {
                $0.withMemoryRebound(to: CChar.self) { bytes in
                    guard let start = bytes.baseAddress, let file = fopen(start, "w") else { return }
                    fputs(text, file)
                    fclose(file)
                }
            }
        }
        write(strange, "strange")
        try git("add", "-A")
        try git("commit", "-qm", "one")
        write(strange + [0x79], "untracked")
        try git("sparse-checkout", "set", "in")
        try #require(access("\(folder.path)/out/c", F_OK) != 0)
        unlink("\(folder.path)/in/gone")
        let (_, whole, leftOut) = try origin()
        #expect(whole == (try expected()))
        #expect(leftOut.contains { $0.hasPrefix("in/.env ") })
        try folder.write("in/.env", "NEW=1")
        try folder.write("in/data/e", "changed")
        let rules = WorkspaceRules(.init(exclude: ["in/data", "in/data/**"]))
        let (_, without, _) = try origin(rules: rules)
        #expect(without == whole)
        let inner = WorkspaceRules(.init(exclude: ["data", "data/**"]))
        let (origin, beneath, _) = try origin("\(folder.path)/in", rules: inner)
        #expect(beneath == whole)
        #expect(origin.adjustments.prefix == BytePath("in/"))
    }

    @Test("They survive being kept, and no repository is no error")
    func coding() throws {
        var adjustments = TreeAdjustments()
        adjustments.prefix = BytePath("a b/")
        adjustments.kept = [.init(path: BytePath([0xFF, 0x25, 0x41]), mode: .submodule, id: try ObjectID.blob([]))]
        #expect(BytePath([0xFF, 0x25, 0x41]).description == "%FF%25A")
        let plain = try TemporaryFolder()
        try plain.write("x", "y")
        let taken = try TakenSnapshot(of: plain.path)
        let origin = try OriginReader.read(
            .init(folder: plain.path, entries: taken.snapshot.entries, nested: [], contents: plain.path))
        #expect(origin.head == nil && origin.adjustments.isEmpty)
    }
}
