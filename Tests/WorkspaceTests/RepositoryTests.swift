@testable import Git
import TestSupport
import Testing

/// Repositories as the system's git sees them.
@Suite("Repositories are those of git")
struct RepositoryTests {
    private let folder: TemporaryFolder
    private let repository: Repository

    init() throws {
        folder = try TemporaryFolder()
        repository = try Repository.create(bare: folder.path + "/r.git")
    }

    private func git(_ arguments: String..., in name: String = "r.git") throws -> HostCommand.Result {
        try HostCommand.git(["--git-dir=\(folder.path)/\(name)"] + arguments, in: folder.path)
    }

    private static let signature = CommitObject.Signature(name: "Ada", email: "ada@example.org", time: 1_700_000_000)

    @discardableResult
    private func commit(_ files: [String: String], parents: [ObjectID] = []) throws -> ObjectID {
        var changes: [(path: [UInt8], leaf: TreeEditor.Leaf?)] = []
        for (path, text) in files {
            let blob = try repository.write(.blob, Array(text.utf8))
            changes.append((Array(path.utf8), TreeEditor.Leaf(mode: .regular, id: blob)))
        }
        let tree = try TreeEditor(repository).tree(changing: nil, changes)
        return try repository.write(
            CommitObject(
                tree: tree, parents: parents, author: Self.signature, committer: Self.signature, message: "m\n"))
    }

    @Test("A new repository has no hooks and passes fsck; git reads what was written")
    func written() throws {
        let first = try commit(["a.txt": "one\n", "b/c.txt": "two\n"])
        let second = try commit(["a.txt": "three\n"], parents: [first])
        try repository.setReference("refs/cofferdam/s1", to: second, from: nil)
        #expect(try git("fsck", "--strict", "--full").exitCode == 0)
        #expect(folder.read("r.git/hooks/pre-commit.sample") == nil)
        #expect(try git("show", "\(first):b/c.txt").text == "two\n")
        #expect(
            try git("log", "--format=%H %an <%ae> %ct", "refs/cofferdam/s1").text
                == "\(second) Ada <ada@example.org> 1700000000\n\(first) Ada <ada@example.org> 1700000000\n")
        #expect(try repository.commit(second).parents == [first])
    }

    @Test("Commits of git come out as they went in, with every header", arguments: ["plain", "merge", "odd"])
    func commits(kind: String) throws {
        let tree = try git("write-tree").line
        let text =
            switch kind {
            case "plain": "tree \(tree)\nauthor A <a> 1 +0000\ncommitter B <b@c> 2 -0330\n\nmessage\n"
            case "merge":
                "tree \(tree)\nparent \(tree)\nparent \(tree)\nauthor A <a> 1 +0000\ncommitter B <b> 2 +1400\n\n"
            default:
                "tree \(tree)\nauthor A <a> 1 +0000\ncommitter B <b> 2 +0000\nencoding latin1\ngpgsig line\n two\n \n"
                    + " end\n\nm\n\nmore"
            }
        let commit = try #require(CommitObject(parsing: Array(text.utf8)))
        #expect(commit.serialized == Array(text.utf8))
    }

    @Test("A name with line breaks and angle brackets adds no header")
    func hostileNames() throws {
        let signature = CommitObject.Signature(name: "<\nauthor X>", email: "a\n>b", time: -5)
        #expect(signature.text == "author X <ab> 0 +0000")
        #expect(CommitObject.Signature(name: "\u{1}", email: "", time: 0).text == "unknown <> 0 +0000")
    }

    @Test("References move only from where they were said to be")
    func references() throws {
        let first = try commit(["a": "1"])
        let second = try commit(["a": "2"], parents: [first])
        let name = "refs/cofferdam/s"
        #expect(try repository.reference(name) == nil)
        try repository.setReference(name, to: first, from: nil)
        #expect(throws: GitError.self) { try repository.setReference(name, to: second, from: nil) }
        #expect(throws: GitError.self) { try repository.setReference(name, to: first, from: second) }
        #expect(try repository.reference(name) == first)
        try repository.setReference(name, to: second, from: first)
        try repository.setReference("refs/cofferdam-steps/s/1", to: first, from: nil)
        #expect(try repository.references(beneath: "refs/cofferdam/").map(\.name) == [name])
        #expect(try git("rev-parse", name).line == second.description)
        try repository.removeReference(name)
        try repository.removeReference(name)
        #expect(try repository.reference(name) == nil)
    }

    @Test(
        "Names that git refuses are refused",
        arguments: [
            "refs/cofferdam/../heads/main", "refs/cofferdam/a b", "refs/x/.lock", "-x", "refs/a\0b", "refs/a.lock",
        ])
    func referenceNames(name: String) throws {
        #expect(!Repository.isValidReference(name))
        let id = try commit(["a": "1"])
        #expect(throws: GitError.self) { try repository.setReference(name, to: id, from: nil) }
    }

    @Test("A pack goes from one repository to another in pieces of any size; what is cut short leaves nothing")
    func packs() throws {
        let id = try commit(Dictionary(uniqueKeysWithValues: (0..<200).map { ("d\($0 % 7)/f\($0)", "text \($0)\n") }))
        var ids = [id, try repository.commit(id).tree]
        ids += try repository.tree(ids[1]).entries.map(\.id)
        try TreeEditor(repository).walk(ids[1]) { _, leaf in ids.append(leaf.id) }
        let path = folder.path + "/p.pack"
        let size = try repository.writePack(of: ids, to: path)
        let bytes = try #require(folder.read("p.pack"))
        #expect(bytes.count == size)

        let other = try Repository.create(bare: folder.path + "/other.git")
        do {
            let cut = try PackReceiver(other, isComplete: true)
            try cut.append(Array(bytes.prefix(size / 2)))
            #expect(throws: GitError.self) { try cut.finish() }
        }
        #expect(!other.contains(id))
        let receiver = try PackReceiver(other, isComplete: true)
        var rest = bytes[...]
        var length = 1
        while !rest.isEmpty {
            try receiver.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
            length = length * 2 + 1
        }
        try receiver.finish()
        #expect(receiver.progress.objects == ids.count)
        #expect(try other.commit(id) == repository.commit(id))
        #expect(try git("fsck", "--full", "--strict", in: "other.git").exitCode == 0)
        #expect(throws: GitError.self) { try repository.writePack(of: ids, to: path) }
        #expect(throws: GitError.self) { try repository.writePack(of: ids, to: path + "2", isCancelled: { true }) }
        #expect(folder.read("p.pack2") == nil)
    }

    @Test("A thin pack is completed from what is there; a pack with a hole is refused where it must be whole")
    func thin() throws {
        let text = (0..<2000).map { "line \($0 * 7919 % 10007)\n" }.joined()
        let old = try commit(["f": text])
        let new = try commit(["f": text + "more\n"], parents: [old])
        try repository.setReference("refs/heads/old", to: old, from: nil)
        try repository.setReference("refs/heads/new", to: new, from: nil)
        let made = try HostCommand.run(
            ["sh", "-c", "printf 'new\\n^old\\n' | git --git-dir=r.git pack-objects --thin --revs --stdout -q"],
            in: folder.path)
        #expect(made.output.count < 700)
        let other = try Repository.create(bare: folder.path + "/other.git")
        let refused = try PackReceiver(other)
        #expect(throws: GitError.self) {
            try refused.append(Array(made.output))
            try refused.finish()
        }
        for object in [old, try repository.commit(old).tree] + (try blobs(old)) {
            let whole = try repository.read(object)
            try other.write(whole.kind, whole.bytes)
        }
        let receiver = try PackReceiver(other, isComplete: true)
        try receiver.append(Array(made.output))
        try receiver.finish()
        #expect(try other.read(blobs(new)[0]).bytes == Array((text + "more\n").utf8))
    }

    private func blobs(_ commit: ObjectID) throws -> [ObjectID] {
        try repository.tree(repository.commit(commit).tree).entries.map(\.id)
    }

    @Test("More objects or bytes than allowed, and what is no pack, are refused")
    func packLimits() throws {
        let id = try commit(["a": "1", "b": "2"])
        _ = try repository.writePack(of: [id] + (try blobs(id)), to: folder.path + "/p")
        let bytes = try #require(folder.read("p"))
        for (objects, count) in [(2, 1 << 20), (10, bytes.count - 1)] {
            var limits = PackReceiver.Limits()
            limits.objects = objects
            limits.bytes = count
            let receiver = try PackReceiver(repository, limits: limits)
            #expect(throws: GitError.self) { try receiver.append(bytes) }
        }
        let receiver = try PackReceiver(repository)
        #expect(throws: GitError.self) { try receiver.append(Array("HTTP/1.1 200 OK\r\n\r\nhello".utf8)) }
    }

    @Test("Random changes of trees come out as git's own index has them", arguments: 0..<4)
    func trees(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let editor = TreeEditor(repository)
        var root: ObjectID?
        var compared = 0
        for _ in 0..<12 {
            var changes: [[UInt8]: TreeEditor.Leaf?] = [:]
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                let depth = Int.random(in: 1...3, using: &random)
                let names: [[UInt8]] = [[0xFF], Array("a".utf8), Array("a.b".utf8), Array("a-".utf8), Array("ä".utf8)]
                let path = (0..<depth).map { _ in names[Int.random(in: 0..<5, using: &random)] }
                    .joined(separator: [UInt8(ascii: "/")])
                let blob = try repository.write(.blob, [UInt8.random(in: 0...255, using: &random)])
                let modes: [TreeObject.Mode] = [.regular, .executable, .symbolicLink, .submodule]
                changes[Array(path)] =
                    Bool.random(using: &random)
                    ? .some(.none) : .init(mode: modes.randomElement(using: &random)!, id: blob)
            }
            // Of a file and what lies beneath it only one can be asked for.
            let asked = changes.filter { path, _ in
                !changes.keys.contains { $0.count > path.count && $0.starts(with: path + [UInt8(ascii: "/")]) }
            }
            var input: [UInt8] = []
            for (path, leaf) in asked {
                // Git's index has no folders: what was beneath a new file, and files above a new path, go first.
                if let root, leaf != nil {
                    try editor.walk(root) { old, _ in
                        if old.starts(with: path + [UInt8(ascii: "/")]) || path.starts(with: old + [UInt8(ascii: "/")])
                        {
                            input += Array("0 \(String(repeating: "0", count: 40))\t".utf8) + old + [0]
                        }
                    }
                }
            }
            for (path, leaf) in asked {
                let head = leaf.map { "\($0.mode.octal) \($0.id)\t" } ?? "0 \(String(repeating: "0", count: 40))\t"
                input += Array(head.utf8) + path + [0]
            }
            // A path that is asked to go may lie beneath a file or be a folder: git takes only files away.
            let isFolder = try asked.contains { path, leaf in
                guard leaf == nil, let root else { return false }
                var found = false
                try editor.walk(root) { old, _ in
                    if old.starts(with: path + [UInt8(ascii: "/")]) || path.starts(with: old + [UInt8(ascii: "/")]) {
                        found = true
                    }
                }
                return found
            }
            if isFolder { continue }
            try folder.write("input", input)
            let result = try HostCommand.run(
                [
                    "sh", "-c",
                    "git --git-dir=r.git update-index -z --index-info < input && git --git-dir=r.git write-tree",
                ], in: folder.path)
            try #require(result.exitCode == 0, "\(result.errorText)")
            root = try editor.tree(changing: root, asked.map { (path: $0.key, leaf: $0.value) })
            #expect(root?.description == result.line)
            compared += 1
        }
        #expect(compared > 2)
    }

    @Test(
        "Paths that no file system should be asked for are refused",
        arguments: ["", "/a", "a//b", "a/../b", ".git/config", "x/.GIT", "a/.", String(repeating: "x", count: 256)])
    func paths(path: String) throws {
        let blob = try repository.write(.blob, [])
        #expect(throws: GitError.self) {
            try TreeEditor(repository).tree(
                changing: nil, [(path: Array(path.utf8), leaf: .init(mode: .regular, id: blob))])
        }
    }

    @Test("Bytes that are no tree, or a dangerous one, are refused")
    func hostileTrees() throws {
        let id = [UInt8](repeating: 7, count: 20)
        func row(_ text: String) -> [UInt8] { Array(text.utf8) + [0] + id }
        #expect(TreeObject(parsing: row("100644 a") + row("40000 b"))?.entries.count == 2)
        for bytes in [
            row("100644 a").dropLast(), row("100644 .git")[...], row("100644 a/b")[...], row("999999 a")[...],
            row("100644 ..")[...], row("40000 .GiT")[...], (row("100644 a") + row("40000 a"))[...], row("100644")[...],
        ] { #expect(TreeObject(parsing: Array(bytes)) == nil) }
    }

    @Test("A folder in no repository has none; a worktree's objects are those of its main repository")
    func places() throws {
        #expect(try Repository.containing(folder.path) == nil)
        let main = folder.path + "/main"
        for command in [
            ["init", "-q", "-b", "trunk", main], ["-C", main, "commit", "-q", "--allow-empty", "-m", "x"],
            ["-C", main, "worktree", "add", "-q", folder.path + "/tree", "-b", "other"],
        ] { #expect(try HostCommand.git(command, in: folder.path).exitCode == 0) }
        let tree = try Repository.open(folder.path + "/tree")
        #expect(tree.workingTree == folder.path + "/tree/")
        #expect(tree.commonDirectory == main + "/.git/")
        #expect(try tree.headBranch() == "refs/heads/other")
        #expect(try Repository.open(main).reference("HEAD") != nil)
    }
}
