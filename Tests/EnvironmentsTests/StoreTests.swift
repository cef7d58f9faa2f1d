import Glibc
import JSON
import Sandbox
import Testing

@testable import Environments

@Suite("Store")
struct StoreTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func store(budget: Int = 1 << 30) throws -> EnvironmentStore {
        try EnvironmentStore(directory: scratch.path + "/store", budgetBytes: budget)
    }

    private func holder(_ name: String) throws -> String {
        mkdir("\(scratch.path)/\(name)", 0o755)
        return "\(scratch.path)/\(name)"
    }

    private func archive(_ motd: String = "hello") throws -> EnvironmentDefinition {
        var tar = TarText()
        tar.add("bin/sh", .file, "x", mode: 0o755)
        tar.add("etc/motd", .file, motd)
        return EnvironmentDefinition(name: "box", source: .archive(try scratch.file("root.tar", tar.whole)))
    }

    private func key(_ name: String) -> SetupKey {
        SetupKey(
            environmentName: name, root: "r", steps: [], environment: [:], workspacePath: "/w", userName: "agent",
            layerKind: "user", inputs: [])
    }

    private func layers(
        _ store: EnvironmentStore, _ name: String, _ holder: String, tree: String = "t", paths: [String] = [],
        added: [String] = [], bytes: Int = 0,
        progress: @escaping @Sendable (EnvironmentProgress) async throws -> Void = { _ in },
        _ build: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> PreparedLayers {
        try await store.layers(key(name), treeHash: tree, paths: paths, holder: holder, progress: progress) { folder in
            try await build()
            mkdir(folder + "/workspace", 0o755)
            #expect(system("head -c \(bytes) /dev/zero > '\(folder)/workspace/f'") == 0)
            return FrozenLayers(
                layers: EnvironmentLayers(workspace: [folder + "/workspace"]), added: added, setAside: ["s"],
                isComplete: true)
        }
    }

    @Test("An archive is unpacked once, and again when it changes")
    func archives() async throws {
        let (store, session) = (try store(), try holder("session"))
        let unpacked = Counter()
        func root(_ definition: EnvironmentDefinition) async throws -> PreparedRoot {
            try await store.root(of: definition, holder: session) { progress in
                if progress == .unpacking { unpacked.add() }
            }
        }
        let first = try await root(archive())
        let second = try await root(archive())
        #expect(first.isNew && !second.isNew && first.root == second.root && first.identity == second.identity)
        guard case .directory(let path) = first.root else { throw EnvironmentError.unreadable(path: "", reason: "") }
        #expect(scratch.text(String(path.dropFirst(scratch.path.count + 1)) + "/etc/motd") == "hello")
        let third = try await root(archive("changed"))
        #expect(third.isNew && third.identity != first.identity)
        #expect(unpacked.count == 2)
    }

    @Test("An image by its manifest")
    func images() async throws {
        let fixture = try ImageFixture()
        try fixture.standard()
        let definition = EnvironmentDefinition(name: "i", source: .image(layout: fixture.path, reference: nil))
        let store = try store()
        let first = try await store.root(of: definition, holder: try holder("a"))
        let second = try await store.root(of: definition, holder: try holder("b"))
        #expect(first.isNew && !second.isNew)
        #expect(second.environment == ["PATH": "/bin:/opt/bin", "A": "b=c"])
        guard case .directory(let path) = second.root else { throw EnvironmentError.unreadable(path: "", reason: "") }
        let tree = scratch.tree(String(path.dropFirst(scratch.path.count + 1)))
        #expect(tree == ["bin", "bin/sh", "etc", "etc/motd"])
    }

    @Test("What is no root file system, or not there, is refused and not kept")
    func refused() async throws {
        let (store, session) = (try store(), try holder("session"))
        var tar = TarText()
        tar.add("readme", .file, "x")
        let sources: [EnvironmentDefinition.Source] = [
            .archive(try scratch.file("other.tar", tar.whole)), .archive("/nonexistent.tar"), .archive("/dev/zero"),
            .archive(try scratch.file("noise.tar", [1, 2, 3])), .directory("/nonexistent"), .directory("/"),
            .directory(scratch.path), .image(layout: scratch.path, reference: nil),
        ]
        for source in sources {
            await #expect(throws: EnvironmentError.self) {
                try await store.root(of: EnvironmentDefinition(name: "x", source: source), holder: session)
            }
        }
        #expect(scratch.tree("store/roots").isEmpty)
    }

    @Test("A tree is moved whole, and a failure is told")
    func durableRename() throws {
        #expect(
            system("mkdir -p '\(scratch.path)/made/d' '\(scratch.path)/to' && echo x > '\(scratch.path)/made/d/f'") == 0
        )
        #expect(DurableRename.move("\(scratch.path)/made", to: "\(scratch.path)/no/such") == ENOENT)
        #expect(DurableRename.move("\(scratch.path)/none", to: "\(scratch.path)/to/it") == ENOENT)
        #expect(DurableRename.move("\(scratch.path)/made", to: "\(scratch.path)/to/it") == 0)
        #expect(scratch.tree("to") == ["it", "it/d", "it/d/f"])
    }

    @Test("One session runs a set-up, those at the same time wait, later ones reuse it")
    func sharing() async throws {
        let store = try store()
        let runs = Counter()
        let (gate, opened) = AsyncStream.makeStream(of: Never.self)
        let (waiting, tellWaiting) = AsyncStream.makeStream(of: Void.self)
        let (began, tellBegan) = AsyncStream.makeStream(of: Void.self)
        let one = try holder("one")
        let first = Task {
            try await layers(store, "k", one, progress: { _ in }) {
                runs.add()
                tellBegan.yield()
                for await _ in gate {}
            }
        }
        for await _ in began { break }
        let others = try (2...4).map { index in
            let holder = try holder("h\(index)")
            return Task {
                try await layers(store, "k", holder, progress: { if case .waiting = $0 { tellWaiting.yield() } }) {
                    runs.add()
                }
            }
        }
        var count = 0
        for await _ in waiting {
            count += 1
            if count == 3 { break }
        }
        // One of them is cancelled and must not wait on.
        others[2].cancel()
        await #expect(throws: CancellationError.self) { try await others[2].value }
        opened.finish()
        #expect(try await first.value.origin == .ran)
        for other in others[..<2] { #expect(try await other.value.origin == .waited) }
        #expect(try await layers(store, "k", one).origin == .reused)
        #expect(try await layers(self.store(), "k", one).origin == .reused, "also by a later service")
        #expect(runs.count == 1)
    }

    @Test("What failed or was cancelled is not kept, and one that waited takes over")
    func takingOver() async throws {
        struct Failure: Error {}
        let store = try store()
        let (gate, opened) = AsyncStream.makeStream(of: Never.self)
        let (began, tellBegan) = AsyncStream.makeStream(of: Void.self)
        let (waiting, tellWaiting) = AsyncStream.makeStream(of: Void.self)
        let (one, two) = (try holder("one"), try holder("two"))
        let first = Task {
            try await layers(store, "k", one, progress: { _ in }) {
                tellBegan.yield()
                for await _ in gate {}
                throw Failure()
            }
        }
        for await _ in began { break }
        let second = Task {
            try await layers(store, "k", two, progress: { if case .waiting = $0 { tellWaiting.yield() } })
        }
        for await _ in waiting { break }
        opened.finish()
        await #expect(throws: Failure.self) { try await first.value }
        #expect(try await second.value.origin == .ran)
        #expect(scratch.tree("store/layers").filter { !$0.contains("/") }.count == 1)
    }

    @Test("A layer that would hide a file of the tree is made anew for that tree")
    func collisions() async throws {
        let (store, session) = (try store(), try holder("session"))
        let made = try await layers(
            store, "k", session, tree: "1", paths: ["src/a"], added: ["node_modules", "src/gen"])
        #expect(try await layers(store, "k", session, tree: "2", paths: ["src/b"]).key == made.key)
        for path in ["node_modules", "node_modules/x", "src/gen/y"] {
            let other = try await layers(store, "k", session, tree: path, paths: [path])
            #expect(other.origin == .ran && other.key != made.key)
            #expect(try await layers(store, "k", session, tree: path, paths: [path]).origin == .reused)
        }
        #expect(try await layers(store, "k", session, paths: ["node_modules2", "src/gen2"]).key == made.key)
        #expect(made.setAside == ["s"])
    }

    @Test("Beyond the budget the longest unused goes, and never one that a session has")
    func eviction() async throws {
        let store = try store(budget: 250 << 10)
        let (held, free) = (try holder("held"), try holder("free"))
        let size = 100 << 10
        _ = try await layers(store, "a", held, bytes: size)
        for name in ["b", "c"] { _ = try await layers(store, name, free, bytes: size) }
        #expect(await store.bytes > 250 << 10, "all are in use")
        rmdir(free)
        // Whoever makes room looks at what is in use now.
        _ = try await layers(store, "d", held, bytes: size)
        let held2 = try holder("held2")
        #expect(try await layers(store, "a", held2).origin == .reused)
        #expect(try await layers(store, "d", held2).origin == .reused)
        #expect(await store.bytes <= 250 << 10)
        #expect(try await layers(store, "b", held2).origin == .ran)
    }

    @Test("What an earlier service left unfinished is removed, and is no entry")
    func leftovers() async throws {
        var store = try store()
        let session = try holder("session")
        let made = try await layers(store, "k", session)
        #expect(system("mkdir -p '\(scratch.path)/store/tmp/1/x'") == 0)
        #expect(system("rm '\(scratch.path)/store/layers/\(made.key)/entry.json'") == 0)
        store = try self.store()
        #expect(scratch.tree("store/tmp").isEmpty)
        #expect(try await layers(store, "k", session).origin == .ran)
    }
}
