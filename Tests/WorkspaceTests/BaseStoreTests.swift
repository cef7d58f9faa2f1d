import Git
import Glibc
import TestSupport
import Testing

@testable import Workspace

@Suite("Shared copies of folders")
struct BaseStoreTests {
    private static func list(_ folder: String) throws -> String {
        try HostCommand.run(
            [
                "/bin/sh", "-c",
                "find . -mindepth 1 -printf '%p %y %m %s %T@ %l\\n' | sort; cat $(find . -type f | sort) /dev/null",
            ],
            in: folder
        ).text
    }

    /// What a copy that shares nothing would hold.
    private static func fresh(_ folder: String) throws -> (hash: String, list: String) {
        let taken = try TakenSnapshot(of: folder)
        return (taken.snapshot.treeHash, try list(taken.folder.path))
    }

    private static func names(_ place: TemporaryFolder) -> [String] {
        FolderRemoval.names("\(place.path)/bases").sorted()
    }

    @Test("A folder that did not change is not copied again")
    func reuse() async throws {
        let folder = try TemporaryFolder()
        let place = try TemporaryFolder()
        for name in ["a", "sub/b", "sub/deep/c"] { try folder.write(name, name) }
        #expect(symlink("a", "\(folder.path)/link") == 0)
        let store = try BaseStore(directory: "\(place.path)/bases")
        let first = try await store.take(folder: folder.path, holder: "one")
        let second = try await store.take(folder: folder.path, holder: "two")
        #expect(first.origin == .copied)
        #expect(second.origin == .reused)
        #expect(second.snapshot.base == first.snapshot.base)
        #expect(second.snapshot.treeHash == first.snapshot.treeHash)
        #expect(second.snapshot.entries == first.snapshot.entries)
        #expect(Self.names(place).count == 1)
    }

    @Test("Every change is found, and what did not change is shared", arguments: 1...6)
    func refresh(_ seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        let place = try TemporaryFolder()
        var random = SeededGenerator(seed: seed)
        for number in 0..<40 { try folder.write("d\(number % 5)/f\(number)", "text \(number)", mode: 0o640) }
        let store = try BaseStore(directory: "\(place.path)/bases")
        for round in 0..<8 {
            let before = try await store.take(folder: folder.path, holder: "before")
            let frozen = try Self.list(before.snapshot.base)
            let name =
                "\(folder.path)/d\(Int.random(in: 0..<5, using: &random))/f\(Int.random(in: 0..<45, using: &random))"
            switch Int.random(in: 0..<8, using: &random) {
            case 0: unlink(name)
            case 1: chmod(name, 0o755)
            case 2: rename(name, name + "-moved")
            case 3: symlink("target", name + "-link")
            case 4: mkdir(name + "-folder", 0o755)
            case 5: utimensat(AT_FDCWD, name, [timespec(tv_sec: 5, tv_nsec: 5), timespec(tv_sec: 6, tv_nsec: 6)], 0)
            // As long as before, and no time of its own to tell: only the kernel's.
            case 6:
                var status = stat()
                if stat(name, &status) == 0 {
                    #expect(
                        FileBytes.write([UInt8](repeating: 65, count: Int(status.st_size)), toFile: name, mode: 0o644))
                    utimensat(AT_FDCWD, name, [status.st_atim, status.st_mtim], 0)
                }
            default: #expect(FileBytes.write(Array("new \(round)".utf8), toFile: name, mode: 0o600))
            }
            let after = try await store.take(folder: folder.path, holder: "after")
            let expected = try Self.fresh(folder.path)
            #expect(after.snapshot.treeHash == expected.hash)
            #expect(try Self.list(after.snapshot.base) == expected.list)
            #expect(after.origin != .copied)
            #expect(try Self.list(before.snapshot.base) == frozen, "the copy that is held stays as it was")
            await store.release("before")
            await store.release("after")
        }
        #expect(Self.names(place).count == 1, "older copies that nobody holds are gone")
    }

    @Test("Changes right after the copy are found, within a tick of the clock too")
    func quickChanges() async throws {
        let folder = try TemporaryFolder()
        let place = try TemporaryFolder()
        let store = try BaseStore(directory: "\(place.path)/bases")
        for round in 0..<100 {
            try folder.write("f", "\(round % 10)")
            let taken = try await store.take(folder: folder.path, holder: "h")
            #expect(FileBytes.read("\(taken.snapshot.base)/f", limit: 9) == Array("\(round % 10)".utf8))
            await store.release("h")
        }
    }

    @Test("Unsaved buffers are in the copy of their session only")
    func overlays() async throws {
        let folder = try TemporaryFolder()
        let place = try TemporaryFolder()
        try folder.write("a", "saved", mode: 0o755)
        try folder.write("b", "b")
        let store = try BaseStore(directory: "\(place.path)/bases")
        let plain = try await store.take(folder: folder.path, holder: "one")
        let edited = try await store.take(
            folder: folder.path, overlays: ["a": Array("unsaved".utf8), "n/c": [1]], holder: "two")
        #expect(edited.origin == .refreshed)
        #expect(FileBytes.read("\(edited.snapshot.base)/a", limit: 99) == Array("unsaved".utf8))
        #expect(FileBytes.read("\(plain.snapshot.base)/a", limit: 99) == Array("saved".utf8))
        #expect(edited.snapshot.entries["a"]?.mode == .executable)
        let again = try await store.take(folder: folder.path, holder: "three")
        #expect(again.origin == .reused)
        #expect(again.snapshot.base == plain.snapshot.base)
        await store.release("two")
        #expect(access(edited.snapshot.base, F_OK) != 0, "nobody will have these buffers again")
    }

    @Test("A copy stays while someone holds it, and within the budget beyond")
    func lifetime() async throws {
        let place = try TemporaryFolder()
        let store = try BaseStore(directory: "\(place.path)/bases", budget: .init(bytes: 1 << 30, folders: 2))
        let folders = try (0..<4).map { _ in try TemporaryFolder() }
        var taken: [WorkspaceSnapshot] = []
        for (number, folder) in folders.enumerated() {
            try folder.write("f", "\(number)")
            taken.append(try await store.take(folder: folder.path, holder: "s\(number)").snapshot)
        }
        #expect(Self.names(place).count == 4)
        try await store.share(taken[0].base, with: "fork")
        for number in 0..<4 { await store.release("s\(number)") }
        #expect(access(taken[0].base, F_OK) == 0, "the fork stands on it")
        #expect(access(taken[1].base, F_OK) != 0)
        #expect(access(taken[2].base, F_OK) == 0)
        #expect(access(taken[3].base, F_OK) == 0)
        #expect(await store.folders.prefix(2) == [folders[0].path, folders[3].path])
        await store.release("fork")
        #expect(Self.names(place).count == 2)
        let none = try BaseStore(directory: "\(place.path)/bases", budget: .init(bytes: 0, folders: 0))
        _ = try await none.take(folder: folders[3].path, holder: "x")
        await none.release("x")
        #expect(Self.names(place).isEmpty)
    }

    @Test("A service that starts again knows its copies; those of sessions that are no more are let go")
    func reopening() async throws {
        let place = try TemporaryFolder()
        let folder = try TemporaryFolder()
        try folder.write("f", "one")
        let store = try BaseStore(directory: "\(place.path)/bases")
        let old = try await store.take(folder: folder.path, holder: "live").snapshot
        try folder.write("f", "two")
        _ = try await store.take(folder: folder.path, holder: "dead")
        try place.write("bases/unfinished/tree/f", "half")
        let again = try BaseStore(directory: "\(place.path)/bases", holders: ["live"])
        #expect(Self.names(place).count == 2)
        #expect(FileBytes.read("\(old.base)/f", limit: 9) == Array("one".utf8))
        #expect(try await again.take(folder: folder.path, holder: "new").origin == .reused)
        await again.release("live")
        #expect(access(old.base, F_OK) != 0)
    }

    @Test("Sessions that start at once on one folder share one copy")
    func together() async throws {
        let place = try TemporaryFolder()
        let folder = try TemporaryFolder()
        for number in 0..<200 { try folder.write("f\(number)", "\(number)") }
        let store = try BaseStore(directory: "\(place.path)/bases")
        let path = folder.path
        let bases = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<8 {
                group.addTask { try await store.take(folder: path, holder: "s\(number)").snapshot.base }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(bases.count == 1)
    }

    @Test("After another start of the machine nothing is made from a copy that was never flushed to the disk")
    func anotherBoot() async throws {
        let place = try TemporaryFolder()
        let folder = try TemporaryFolder()
        try folder.write("f", "text")
        let store = try BaseStore(directory: "\(place.path)/bases")
        let base = try await store.take(folder: folder.path, holder: "s").snapshot.base
        let path = String(base.dropLast("tree".count)) + "index"
        var index = try #require(BaseIndex(FileBytes.read(path, limit: 1 << 20) ?? []))
        #expect(index.boot == BaseIndex.currentBoot)
        index.boot = "another"
        #expect(FileBytes.write(index.serialized, toFile: path, mode: 0o600))
        // What a power cut leaves of a file that was not written back yet.
        #expect(FileBytes.write([], toFile: "\(base)/f", mode: 0o644))
        let again = try BaseStore(directory: "\(place.path)/bases", holders: ["s"])
        let taken = try await again.take(folder: folder.path, holder: "t")
        #expect(taken.origin == .copied)
        #expect(FileBytes.read("\(taken.snapshot.base)/f", limit: 9) == Array("text".utf8))
        // Whoever holds it keeps it.
        #expect(Self.names(place).count == 2)
        await again.release("s")
        #expect(Self.names(place).count == 1)
    }

    @Test("A list that is damaged is no copy")
    func damaged() async throws {
        let place = try TemporaryFolder()
        let folder = try TemporaryFolder()
        try folder.write("f", "text")
        let store = try BaseStore(directory: "\(place.path)/bases")
        let base = try await store.take(folder: folder.path, holder: "s").snapshot.base
        let index = String(base.dropLast("tree".count)) + "index"
        let bytes = try #require(FileBytes.read(index, limit: 1 << 20))
        #expect(BaseIndex(bytes)?.files.count == 1)
        for length in 0..<bytes.count { #expect(BaseIndex(Array(bytes.prefix(length))) == nil) }
        #expect(FileBytes.write(Array(bytes.dropLast()), toFile: index, mode: 0o600))
        let again = try BaseStore(directory: "\(place.path)/bases", holders: ["s"])
        #expect(try await again.take(folder: folder.path, holder: "t").origin == .copied)
    }
}
