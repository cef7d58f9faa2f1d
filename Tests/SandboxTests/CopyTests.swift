import Glibc
import Sandbox
import Testing

/// The workspace as a copy, as where the kernel mounts no overlay.
@Suite("Workspaces that are copies")
struct CopyTests {
    private static let files = [
        "src/a.c": "int a;\n", "same": "same\n", "deleted": "d\n", "dir/x": "x\n", "dir/y": "y\n", "empty/": "",
    ]

    @Test("Changes are found by comparing, and the base stays as it is")
    func changes() async throws {
        try await TestSandbox.with(files: Self.files, copies: true) { test in
            #expect(try await test.sandbox.changes().isEmpty)
            let run = try await test.shell(
                """
                set -e
                cat src/a.c; ls -d empty; echo 'int b;' > src/a.c; echo same > same; touch same; rm deleted; chmod +x dir/x
                rm dir/y; mkdir new; echo n > new/f; ln -s /etc/passwd link; mv empty moved; rm -r moved; mkdir other
                """)
            #expect(run.result.outcome == .exited(0), "\(run.errorText)")
            #expect(run.text == "int a;\nempty\n")
            let changes = try await test.sandbox.changes()
            let found = changes.map { "\($0.kind) \($0.path)" }
            #expect(
                found == [
                    "deleted deleted", "modeChanged dir/x", "deleted dir/y", "added link", "added new/f",
                    "modified src/a.c",
                ])
            #expect(TestSandbox.read(test.base + "/src/a.c") == "int a;\n")
            #expect(try changes.first { $0.path == "new/f" }?.contents(maximumBytes: 10) == Array("n\n".utf8))
        }
    }

    @Test("Replaced kinds: a directory for a file, a file for a directory, a link for either")
    func kinds() async throws {
        try await TestSandbox.with(files: Self.files, copies: true) { test in
            let run = try await test.shell(
                "rm same; mkdir same; echo 1 > same/f; rm -r dir; echo 2 > dir; rm src/a.c; ln -s x src/a.c")
            #expect(run.result.outcome == .exited(0), "\(run.errorText)")
            let found = try await test.sandbox.changes().map { "\($0.kind) \($0.path)" }
            #expect(
                found == [
                    "added dir", "deleted dir/x", "deleted dir/y", "deleted same", "added same/f", "modified src/a.c",
                ])
        }
    }

    @Test("Layers are copied over the base and are no changes")
    func layers() async throws {
        let target = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: target) }
        var frozen: FrozenLayers?
        try await TestSandbox.with(files: Self.files, copies: true, configure: { $0.keepsHome = true }) { test in
            let run = try await test.shell(
                "mkdir -p node_modules/m; echo m > node_modules/m/i; ln -s m node_modules/l; echo h > ~/h; echo new > same; rm deleted"
            )
            try #require(run.result.outcome == .exited(0), "\(run.errorText)")
            await test.sandbox.stop()
            frozen = try LocalDriver.freeze(stateDirectory: test.spec.stateDirectory, base: test.base, into: target)
        }
        let made = try #require(frozen)
        #expect(made.added == ["node_modules"] && Set(made.setAside) == ["same", "deleted"])
        try await TestSandbox.with(files: Self.files, copies: true, configure: { $0.layers = made.layers }) { test in
            let run = try await test.shell("cat node_modules/l/i ~/h same deleted")
            #expect(run.text == "m\nh\nsame\nd\n", "\(run.errorText)")
            #expect(try await test.sandbox.changes().isEmpty)
            _ = try await test.shell("echo more >> node_modules/m/i; rm node_modules/l")
            #expect(try await test.sandbox.changes().map { "\($0.kind) \($0.path)" } == ["added node_modules/m/i"])
        }
        let home = try #require(made.layers.home.first)
        #expect(TestSandbox.read(home + "/h") == "h\n")
    }

    @Test("doctor says whether copies are needed here")
    func guardLine() {
        #expect(LocalDriver.guards().contains { $0.name == "overlay workspaces" && $0.active && !$0.advice.isEmpty })
    }

    @Test("Another root needs an overlay, and says so", .enabled(if: BusyboxRoot.isAvailable))
    func roots() async throws {
        try await BusyboxRoot.with { root in
            await #expect {
                try await TestSandbox.with(copies: true, configure: { $0.root = .directory(root) }) { _ in }
            } throws: { error in
                "\(error)".contains("mount overlay")
            }
        }
    }
}
