import Git
import Glibc
import TestSupport
import Testing

@testable import Workspace

@Suite("A folder becomes a tree in its repository, and comes back with the same bytes")
struct TreeTakerTests {
    /// A generator that tells how to repeat a run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static func git(_ words: [String], in path: String) throws -> String {
        let result = try HostCommand.git(words, in: path)
        try #require(result.exitCode == 0, "\(words): \(result.errorText)")
        return result.line
    }

    /// What `git add -A` and `git write-tree` say, with an index and objects of their own.
    private static func expected(_ path: String) throws -> String {
        let place = try TemporaryFolder()
        let objects = try place.makeFolder("objects")
        let index = "\(path)/.git/index"
        if let bytes = FileBytes.read(index, limit: 1 << 30) {
            try #require(FileBytes.write(bytes, toFile: "\(place.path)/index", mode: 0o600))
        }
        let run = [
            "/usr/bin/env", "GIT_INDEX_FILE=\(place.path)/index", "GIT_OBJECT_DIRECTORY=\(objects)",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES=\(path)/.git/objects", "GIT_CONFIG_GLOBAL=/dev/null",
            "GIT_CONFIG_NOSYSTEM=1", "git", "-C", path,
        ]
        let added = try HostCommand.run(run + ["add", "-A"])
        try #require(added.exitCode == 0, "\(added.errorText)")
        return try HostCommand.run(run + ["write-tree"]).line
    }

    private static func withPath<T>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> T) -> T {
        var bytes = path + [0]
        return bytes.withUnsafeMutableBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { chars in
                // Never nil: there is the zero byte at least.
                chars.baseAddress.map { body(UnsafePointer($0)) } ?? "".withCString(body)
            }
        }
    }

    /// Random names (not all UTF-8), modes, links, sizes, line ends and depths.
    private static func fill(_ root: String, _ dice: inout Dice) {
        var folders: [[UInt8]] = [Array(root.utf8)]
        let alphabet: [[UInt8]] = [
            Array("a".utf8), Array("B".utf8), Array("ü".utf8), Array(" ".utf8), Array("-".utf8), [0xFF], [0xC3],
            Array(".".utf8), Array("\\".utf8), Array("\"".utf8), Array("日".utf8), [0x01], Array("\n".utf8),
        ]
        for number in 0..<60 {
            var name = Array("n\(number)".utf8)
            for _ in 0..<Int.random(in: 0...4, using: &dice) { name += alphabet.randomElement(using: &dice) ?? [] }
            let folder: [UInt8] = folders.randomElement(using: &dice) ?? []
            let path: [UInt8] = folder + Array("/".utf8) + name
            switch Int.random(in: 0..<10, using: &dice) {
            case 0, 1:
                _ = withPath(path) { mkdir($0, 0o755) }
                folders.append(path)
            case 2: _ = withPath(path) { symlink("../some/ü place", $0) }
            default:
                let length = [0, 1, 20, 5000, 200_000].randomElement(using: &dice) ?? 0
                let ends = ["\n", "\r\n", "\0"].randomElement(using: &dice) ?? ""
                var bytes: [UInt8] = []
                while bytes.count < length {
                    bytes += Array("line \(UInt8.random(in: 0...255, using: &dice))\(ends)".utf8)
                }
                let executable = Bool.random(using: &dice)
                let file = withPath(path) { open($0, O_WRONLY | O_CREAT | O_TRUNC, executable ? 0o755 : 0o644) }
                _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                close(file)
            }
        }
    }

    /// Every file of a folder with its kind, mode and bytes, but names that are not UTF-8.
    private static func contents(_ root: String) throws -> String {
        let script = """
            find . -path ./.git -prune -o -type l -printf '%p -> %l\\0' -o -type f -printf '%p %m ' -exec sha256sum '{}' ';' \
            | LC_ALL=C sort -z
            """
        let result = try HostCommand.run(["/bin/sh", "-c", script], in: root)
        try #require(result.exitCode == 0, "\(result.errorText)")
        return result.text
    }

    @Test("Random trees: as git writes them, and back with identical hashes", arguments: 0..<12)
    func roundTrip(_ seed: Int) async throws {
        var dice = Dice(state: UInt64(seed) &* 7919 &+ 17)
        let place = try TemporaryFolder()
        let folder = try place.makeFolder("f")
        _ = try Self.git(["init", "-q"], in: folder)
        Self.fill(folder, &dice)
        if seed % 3 == 1 { try place.write("f/.gitattributes", "* text=auto\n") }
        if seed % 3 != 0 {
            _ = try Self.git(["add", "-A"], in: folder)
            _ = try Self.git(["commit", "-qm", "x"], in: folder)
            Self.fill(folder, &dice)
        }
        let index = FileBytes.read("\(folder)/.git/index", limit: 1 << 30)
        let references = try HostCommand.run(
            ["/bin/sh", "-c", "find .git/refs .git/HEAD .git/logs -type f | sort | xargs cat"], in: folder
        ).text
        let taken = try TreeTaker.take(
            .init(folder: folder, privateRepository: "\(place.path)/private.git"))
        let repository = try Repository.open(folder)
        let tree = taken.origin.adjustments.isEmpty ? taken.tree : taken.roots[1]
        #expect(tree.description == (try Self.expected(folder)), "seed \(seed)")
        // The same as a sandbox on this machine would get.
        #expect(try TakenSnapshot(of: folder).snapshot.treeHash == taken.tree.description)
        // Nothing but objects has come.
        #expect(FileBytes.read("\(folder)/.git/index", limit: 1 << 30) == index)
        #expect(
            try HostCommand.run(
                ["/bin/sh", "-c", "find .git/refs .git/HEAD .git/logs -type f | sort | xargs cat"], in: folder
            ).text == references)

        // Up, in pieces that break, and back.
        let projects = try ProjectStore(directory: "\(place.path)/projects")
        let key = try ProjectStore.Key(user: "u", project: "p")
        #expect(try await projects.missing(of: taken.roots, in: key) == nil)
        let objects = try ObjectSelection.objects(beneath: taken.roots, missing: nil, in: repository)
        let pack = "\(place.path)/up.pack"
        _ = try repository.writePack(of: objects.map(\.id), to: pack)
        let bytes = try #require(FileBytes.read(pack, limit: 1 << 30))
        let checksum = try #require(ObjectID(bytes: Array(bytes.suffix(20))))
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + Int.random(in: 1...40_000, using: &dice))
            let piece = Array(bytes[offset..<end])
            let answer = try await projects.receive(
                piece, at: offset, of: checksum, bytes: bytes.count, in: key)
            // The answer was lost, and the piece comes again.
            if Bool.random(using: &dice) {
                let again = try await projects.receive(piece, at: offset, of: checksum, bytes: bytes.count, in: key)
                #expect(again.received == answer.received)
            }
            offset = answer.received
        }
        #expect(try await projects.missing(of: objects.map(\.id), in: key) == [])
        let store = try BaseStore(directory: "\(place.path)/bases")
        let copy = try await store.take(tree: taken.tree, in: projects.path(of: key), label: "p", holder: "h")
        #expect(copy.snapshot.treeHash == taken.tree.description)
        let base = try TemporaryFolder()
        _ = try SnapshotTaker.take(folder: folder, into: base.path)
        #expect(try Self.contents(copy.snapshot.base) == Self.contents(base.path))
    }

    @Test("Unsaved buffers are in it, ignored ones and secrets are not; a folder without git has a private repository")
    func overlays() throws {
        let place = try TemporaryFolder()
        let folder = try place.makeFolder("f")
        try place.write("f/a.sh", "old", mode: 0o755)
        try place.write("f/.env", "S=1")
        let overlays = ["a.sh": Array("new".utf8), "b/c": Array("c".utf8), ".env": Array("S=2".utf8)]
        let taken = try TreeTaker.take(
            .init(folder: folder, overlays: overlays, privateRepository: "\(place.path)/deep/private.git"))
        #expect(access("\(folder)/.git", F_OK) != 0)
        let repository = try Repository.open("\(place.path)/deep/private.git")
        var found: [String: TreeObject.Mode] = [:]
        try TreeEditor(repository).walk(taken.tree) { found[String(decoding: $0, as: UTF8.self)] = $1.mode }
        #expect(found == ["a.sh": .executable, "b/c": .regular])
        #expect(taken.origin.head == nil)
        #expect(taken.origin.leftOut.count == 2)
        let snapshot = try TakenSnapshot(of: folder, overlays: overlays)
        #expect(snapshot.snapshot.treeHash == taken.tree.description)
    }

    @Test("The user's own settings count: rules for all repositories, line ends, and who they are")
    func settings() throws {
        let place = try TemporaryFolder()
        let folder = try place.makeFolder("f")
        _ = try Self.git(["init", "-q"], in: folder)
        try place.write("home/.config/git/ignore", "*.swp\n")
        try place.write(
            "home/.gitconfig",
            "[user]\n\tname = Ada\n\temail = ada@example.org\n[core]\n\tautocrlf = input\n")
        for (path, text) in [("a.txt", "x\r\n"), ("a.swp", "s"), ("d/b.swp", "s")] {
            try place.write("f/\(path)", text)
        }
        let settings = UserGitSettings(
            environment: ["HOME": "\(place.path)/home", "GIT_CONFIG_NOSYSTEM": "1"])
        let taken = try TreeTaker.take(
            .init(folder: folder, settings: settings, privateRepository: "\(place.path)/p.git"))
        #expect(taken.files == 1)
        #expect(taken.origin.author == .init(name: "Ada", email: "ada@example.org"))
        let run = [
            "/usr/bin/env", "-u", "XDG_CONFIG_HOME", "HOME=\(place.path)/home", "GIT_CONFIG_NOSYSTEM=1", "git", "-C",
            folder,
        ]
        _ = try HostCommand.run(run + ["add", "-A"])
        #expect(taken.roots[1].description == (try HostCommand.run(run + ["write-tree"]).line))
    }

    @Test("Hostile packs and names are refused, and what is there stays")
    func hostile() async throws {
        let place = try TemporaryFolder()
        let projects = try ProjectStore(directory: "\(place.path)/projects")
        let key = try ProjectStore.Key(user: "u", project: "../../x")
        let id = try ObjectID.blob([])
        #expect(!projects.path(of: key).contains(".."))
        #expect(throws: ProjectStore.Failure.self) { try ProjectStore.Key(user: "u", project: "") }
        let junk = [UInt8](repeating: 7, count: 1000)
        await #expect(throws: ProjectStore.Failure.self) {
            try await projects.receive(junk, at: 0, of: id, bytes: 1000, in: key)
        }
        // Longer than it says; more than may be.
        await #expect(throws: ProjectStore.Failure.self) {
            try await projects.receive(junk, at: 0, of: id, bytes: 999, in: key)
        }
        await #expect(throws: ProjectStore.Failure.self) {
            try await projects.receive([], at: 0, of: id, bytes: 5 << 30, in: key)
        }
        // A pack that was changed on the way.
        let source = try Repository.create(bare: "\(place.path)/s.git")
        let blob = try source.write(.blob, [UInt8](repeating: 65, count: 5000))
        _ = try source.writePack(of: [blob], to: "\(place.path)/p")
        var bytes = try #require(FileBytes.read("\(place.path)/p", limit: 1 << 20))
        bytes[bytes.count / 2] ^= 1
        let checksum = try #require(ObjectID(bytes: Array(bytes.suffix(20))))
        let length = bytes.count
        let broken = bytes
        await #expect(throws: ProjectStore.Failure.self) {
            try await projects.receive(broken, at: 0, of: checksum, bytes: length, in: key)
        }
        bytes[bytes.count / 2] ^= 1
        #expect(try await projects.receive(bytes, at: 0, of: checksum, bytes: length, in: key).isComplete)
        // Another user with the same names has nothing.
        let other = try ProjectStore.Key(user: "v", project: "../../x")
        #expect(try await projects.missing(of: [blob], in: other) == nil)
        #expect(try await projects.missing(of: [blob, id], in: key) == [id])
        // A tree whose files are nowhere.
        let store = try BaseStore(directory: "\(place.path)/bases")
        await #expect(throws: WorkspaceError.self) {
            try await store.take(tree: id, in: projects.path(of: key), label: "p", holder: "h")
        }
    }
}
