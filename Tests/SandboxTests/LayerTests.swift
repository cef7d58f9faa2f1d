import Glibc
import Sandbox
import Testing

/// Layers of a prepared environment: made by one sandbox, used by others.
@Suite("Layers")
struct LayerTests {
    private static let files = ["src/a.c": "int a;\n", "lock.json": "1\n", "old/x": "x\n", "deleted": "d\n"]

    /// Runs a set-up and gives its layers to `body`.
    private func prepared(
        _ script: String, files: [String: String] = Self.files,
        _ body: (FrozenLayers) async throws -> Void
    ) async throws {
        let target = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: target) }
        var frozen: FrozenLayers?
        try await TestSandbox.with(files: files, configure: { $0.keepsHome = true }) { test in
            let run = try await test.shell(script)
            try #require(run.result.outcome == .exited(0), "\(run.errorText)")
            await test.sandbox.stop()
            frozen = try LocalDriver.freeze(
                stateDirectory: test.spec.stateDirectory, base: test.base, into: target)
        }
        try await body(try #require(frozen))
    }

    @Test("What a set-up adds is there for the next sandbox, and is none of its changes")
    func added() async throws {
        try await prepared("mkdir -p node_modules/m; echo m > node_modules/m/i.js; echo c > ~/.cache; echo o > src/a.o")
        { frozen in
            #expect(frozen.added.sorted() == ["node_modules", "src/a.o"])
            #expect(frozen.setAside.isEmpty && frozen.isComplete)
            for round in 1...2 {
                try await TestSandbox.with(files: Self.files, configure: { $0.layers = frozen.layers }) { test in
                    let run = try await test.shell("cat node_modules/m/i.js ~/.cache src/a.o src/a.c")
                    #expect(run.text == "m\nc\no\nint a;\n", "\(round): \(run.errorText)")
                    #expect(try await test.sandbox.changes().isEmpty)
                    let write = try await test.shell(
                        "echo more >> node_modules/m/i.js; rm src/a.o; echo h > ~/.cache; echo int b\\; > src/a.c; ls -A ~ src"
                    )
                    #expect(write.result.outcome == .exited(0), "\(write.errorText)")
                    let changes = try await test.sandbox.changes()
                    // A deleted file of the layer is no file of the user's.
                    #expect(changes.map(\.path) == ["node_modules/m/i.js", "src/a.c"])
                    #expect(changes.map(\.kind) == [.added, .modified])
                    #expect(!write.text.contains("a.o"))
                }
            }
        }
    }

    @Test("What a set-up changes or deletes of the base is set aside")
    func setAside() async throws {
        let script = """
            echo 2 > lock.json; rm deleted; rm -r old; mkdir old; echo y > old/y; chmod +x src/a.c; touch src/a.c
            mv src moved; ln -s moved src
            """
        try await prepared(script) { frozen in
            #expect(Set(frozen.setAside) == ["lock.json", "deleted", "src"])
            #expect(Set(frozen.added) == ["moved", "old/y"])
            try await TestSandbox.with(files: Self.files, configure: { $0.layers = frozen.layers }) { test in
                let run = try await test.shell(
                    "cat lock.json deleted old/x old/y src/a.c; test ! -L src; test ! -x src/a.c; ls moved")
                #expect(run.text == "1\nd\nx\ny\nint a;\na.c\n", "\(run.errorText)")
                #expect(try await test.sandbox.changes().isEmpty)
            }
        }
    }

    @Test("A layer is not changed by those who use it")
    func frozen() async throws {
        try await prepared("mkdir kept; echo 1 > kept/f; echo 1 > ~/h") { frozen in
            try await TestSandbox.with(files: Self.files, configure: { $0.layers = frozen.layers }) { test in
                let run = try await test.shell("echo 2 > kept/f; rm -r kept; rm ~/h; ls ~; ls")
                #expect(run.result.outcome == .exited(0), "\(run.errorText)")
            }
            let workspace = try #require(frozen.layers.workspace.first)
            let home = try #require(frozen.layers.home.first)
            #expect(TestSandbox.read(workspace + "/kept/f") == "1\n")
            #expect(TestSandbox.read(home + "/h") == "1\n")
        }
    }

    @Test("The user's repository is never part of a layer")
    func repository() async throws {
        try await prepared("true", files: ["a": "1"]) { frozen in
            let workspace = try #require(frozen.layers.workspace.first)
            #expect(access(workspace + "/.git", F_OK) != 0)
            #expect(frozen.added.isEmpty)
        }
    }
}
