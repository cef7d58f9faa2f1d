import Git
import Glibc
import TestSupport
import Testing

@testable import Workspace

@Suite("A copy of a tree of a repository")
struct TreeCheckoutTests {
    private let folder: TemporaryFolder
    private let repository: Repository
    private let store: BaseStore

    init() throws {
        folder = try TemporaryFolder()
        repository = try Repository.create(bare: "\(folder.path)/r.git")
        store = try BaseStore(directory: "\(folder.path)/bases")
    }

    private var path: String { "\(folder.path)/r.git" }

    private func tree(_ files: [(String, TreeObject.Mode, String)]) throws -> ObjectID {
        try TreeEditor(repository).tree(
            changing: nil,
            files.map { (Array($0.0.utf8), .init(mode: $0.1, id: try repository.write(.blob, Array($0.2.utf8)))) })
    }

    @Test("Bytes, modes and links as they are, with the same hash; equal files are shared with the next")
    func contents() async throws {
        let files: [(String, TreeObject.Mode, String)] = [
            ("a", .regular, "one\r\n"), ("d/run.sh", .executable, "#!/bin/sh\n"), ("d/l", .symbolicLink, "../a"),
            (".gitattributes", .regular, "* text=auto\n"), ("d/e/empty", .regular, ""),
        ]
        let first = try tree(files)
        let taken = try await store.take(tree: first, in: path, label: "p", holder: "one")
        #expect(taken.snapshot.treeHash == first.description)
        #expect(taken.origin == .copied)
        #expect(FileBytes.read("\(taken.snapshot.base)/a", limit: 100) == Array("one\r\n".utf8))
        #expect(FileBytes.readLink("\(taken.snapshot.base)/d/l") == Array("../a".utf8))
        var status = stat()
        #expect(stat("\(taken.snapshot.base)/d/run.sh", &status) == 0 && status.st_mode & 0o777 == 0o755)
        #expect(try await store.take(tree: first, in: path, label: "p", holder: "two").origin == .reused)
        let second = try tree(files.dropFirst() + [("a", .regular, "two")])
        let next = try await store.take(tree: second, in: path, label: "p", holder: "three")
        #expect(next.origin == .refreshed)
        #expect(next.snapshot.treeHash == second.description)
        var other = stat()
        #expect(stat("\(next.snapshot.base)/d/run.sh", &other) == 0 && other.st_ino == status.st_ino)
        #expect(await store.folders.isEmpty)
    }

    @Test("A tree that leads outside, or has a repository in it, is refused")
    func hostile() async throws {
        let blob = try repository.write(.blob, Array("x".utf8))
        func entry(_ mode: String, _ name: String, _ id: ObjectID) -> [UInt8] {
            Array("\(mode) \(name)\0".utf8) + id.bytes
        }
        let inner = try repository.write(.tree, entry("100644", "x", blob))
        let link = try repository.write(.blob, Array("/tmp".utf8))
        let raws = [
            entry("100644", "..", blob), entry("40000", ".git", inner), entry("40000", ".GIT", inner),
            entry("100644", "a/b", blob), entry("100644", "", blob), entry("40000", "git~1", inner),
            entry("120000", "a", link) + entry("40000", "a", inner), entry("40000", ".git ", inner),
            entry("100644", "a", inner), entry("40000", "a", blob),
        ]
        for (number, raw) in raws.enumerated() {
            let tree = try repository.write(.tree, raw)
            await #expect(throws: WorkspaceError.self, "\(number)") {
                try await store.take(tree: tree, in: path, label: "h", holder: "h")
            }
        }
        var deep = inner
        for _ in 0..<400 { deep = try repository.write(.tree, entry("40000", "d", deep)) }
        await #expect(throws: WorkspaceError.self) {
            try await store.take(tree: deep, in: path, label: "h", holder: "h")
        }
        #expect(await store.bytes == 0)
    }

    @Test("What a tree unfolds to is bounded before it is written")
    func bomb() async throws {
        let blob = try repository.write(.blob, [UInt8](repeating: 0, count: 1 << 20))
        var level = try repository.write(
            TreeObject(entries: (0..<10).map { .init(mode: .regular, name: Array("f\($0)".utf8), id: blob) }))
        for _ in 0..<8 {
            level = try repository.write(
                TreeObject(entries: (0..<10).map { .init(mode: .folder, name: Array("d\($0)".utf8), id: level) }))
        }
        let bomb = level
        await #expect(throws: WorkspaceError.tooManyFiles(limit: 200_000)) {
            try await store.take(tree: bomb, in: path, label: "b", holder: "b")
        }
        var limits = WorkspaceSnapshot.Limits()
        limits.bytes = 5 << 20
        let bounded = limits
        let small = try TreeEditor(repository).tree(
            changing: nil, (0..<6).map { (Array("f\($0)".utf8), .init(mode: .regular, id: blob)) })
        await #expect(throws: WorkspaceError.tooLarge(limit: 5 << 20)) {
            try await store.take(tree: small, in: path, label: "b", limits: bounded, holder: "b")
        }
    }

    @Test("Submodules and names that cannot be followed are told")
    func strange() async throws {
        let blob = try repository.write(.blob, Array("x".utf8))
        let tree = try TreeEditor(repository).tree(
            changing: nil,
            [
                ([0xFF, 0x61], .init(mode: .regular, id: blob)), (Array("sub".utf8), .init(mode: .submodule, id: blob)),
                (Array("a".utf8), .init(mode: .regular, id: blob)),
            ])
        let taken = try await store.take(tree: tree, in: path, label: "s", holder: "s").snapshot
        #expect(Set(taken.entries.keys) == ["a"])
        #expect(taken.leftOut.count == 2)
        #expect(access("\(taken.base)/sub", F_OK) == 0)
        #expect(try await store.take(tree: tree, in: path, label: "s", holder: "t").origin == .reused)
    }
}
