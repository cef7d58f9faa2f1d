import Glibc
import Sandbox
import Testing

/// Snapshots of real sandboxes: back, forward, and forks.
@Suite("Snapshots of a sandbox")
struct SnapshotTests {
    private static let files = ["a": "one", "b": "two", "dir/x": "x", "dir/sub/y": "y", "run.sh": "#!/bin/sh\n"]

    /// Everything that a command can see of the workspace, contents included.
    private static let look =
        "find . -path ./.git -prune -o -printf '%p %y %m %l\\n' | sort; find . -path ./.git -prune -o -type f -printf '%p %T@\\n' | sort; "
        + "find . -type f -readable | sort | xargs -r sha256sum"

    private static func see(_ sandbox: any Sandbox) async throws -> String {
        let finished = try await shell(sandbox, look)
        #expect(finished.result.isSuccess, "\(finished.errorText)")
        return finished.text
    }

    @discardableResult
    private static func shell(_ sandbox: any Sandbox, _ script: String) async throws -> Finished {
        try await Finished(
            sandbox.exec(ExecRequest(arguments: ["/bin/sh", "-c", script], timeout: .seconds(60))))
    }

    private static func paths(_ sandbox: any Sandbox) async throws -> [String] {
        try await sandbox.changes().map { "\($0.kind) \($0.path)" }
    }

    /// Another session that has the first step of a store.
    private static func secondSession(
        _ test: TestSandbox, with store: SnapshotStore
    ) throws -> (spec: SandboxSpec, store: SnapshotStore) {
        let own = try SnapshotStore(directory: test.directory + "/second")
        try own.adopt(0, of: store, as: 0)
        var spec = test.spec
        spec.id = "fork"
        spec.stateDirectory = test.directory + "/fork"
        return (spec, own)
    }

    @Test("Back to a step, and forward again")
    func restore() async throws {
        try await TestSandbox.with(files: Self.files) { test in
            let store = try SnapshotStore(directory: test.directory + "/snapshots")
            let driver = LocalDriver()
            var seen: [String] = []
            var changed: [[String]] = []
            let scripts = [
                "true",
                "echo more >> a; rm b; mkdir -p n/m; echo new > n/m/f; ln -s ../a n/link; chmod 750 run.sh",
                "echo again >> a; rm -r dir; mkdir dir; echo other > dir/x; mv n o; ln a hard; chmod 000 o/m/f",
                "rm -rf o dir hard; echo back > b; touch -d @1000000000 a",
            ]
            for (step, script) in scripts.enumerated() {
                #expect(try await Self.shell(test.sandbox, script).result.isSuccess)
                seen.append(try await Self.see(test.sandbox))
                changed.append(try await Self.paths(test.sandbox))
                let report = try await test.sandbox.snapshot(step, into: store)
                #expect(report.isConsistent, "step \(step)")
            }
            #expect(Set(seen).count == scripts.count)
            try await Self.shell(test.sandbox, "echo lost > lost; echo lost >> a")
            await test.sandbox.stop()
            for step in [1, 3, 0, 2] {
                let restored = try await driver.create(test.spec, from: SnapshotSource(store: store, step: step))
                #expect(try await Self.see(restored) == seen[step], "step \(step)")
                #expect(try await Self.paths(restored) == changed[step], "step \(step)")
                // What is not changed is not copied again.
                let report = try await restored.snapshot(10 + step, into: store)
                #expect(report.changedFiles == 0 && report.bytes == 0, "\(report)")
                try await Self.shell(restored, "echo in place >> a; echo x > lost")
                await restored.stop()
            }
        }
    }

    @Test("A way back on which no sandbox starts changes nothing")
    func failedRestore() async throws {
        try await TestSandbox.with(files: Self.files) { test in
            let store = try SnapshotStore(directory: test.directory + "/snapshots")
            _ = try await test.sandbox.snapshot(0, into: store)
            try await Self.shell(
                test.sandbox, "echo later >> a; rm b; mkdir n; echo new > n/f; touch -d 2300-01-01 n/f")
            _ = try await test.sandbox.snapshot(1, into: store)
            let seen = try await Self.see(test.sandbox)
            let changed = try await Self.paths(test.sandbox)
            await test.sandbox.stop()
            var broken = test.spec
            broken.layers.workspace = [test.directory + "/no such layer"]
            for _ in 0..<2 {
                await #expect(throws: SandboxError.self) {
                    try await LocalDriver().create(broken, from: SnapshotSource(store: store, step: 0))
                }
            }
            let again = try await LocalDriver().create(test.spec)
            #expect(try await Self.see(again) == seen)
            #expect(try await Self.paths(again) == changed)
            await again.stop()
        }
    }

    @Test("A fork and what it was forked from do not see each other's changes")
    func fork() async throws {
        try await TestSandbox.with(files: Self.files) { test in
            let store = try SnapshotStore(directory: test.directory + "/snapshots")
            try await Self.shell(test.sandbox, "echo common >> a; echo common > n; rm b")
            _ = try await test.sandbox.snapshot(0, into: store)
            let common = try await Self.see(test.sandbox)
            let (spec, second) = try Self.secondSession(test, with: store)
            let fork = try await LocalDriver().create(spec, from: SnapshotSource(store: second, step: 0))
            #expect(try await Self.see(fork) == common)
            try await Self.shell(fork, "echo fork >> a; echo fork >> n; echo fork > f; rm -r dir")
            #expect(try await Self.see(test.sandbox) == common)
            try await Self.shell(test.sandbox, "echo parent >> a; echo parent >> n; echo parent > p; rm run.sh")
            let text = try await Self.shell(fork, "cat a n f; ls").text
            #expect(text == "onecommon\nfork\ncommon\nfork\nfork\na\nf\nn\nrun.sh\n")
            let other = try await Self.shell(test.sandbox, "cat a n p; ls").text
            #expect(other == "onecommon\nparent\ncommon\nparent\nparent\na\ndir\nn\np\n")
            // Neither snapshot has changed with what stands on it.
            await fork.stop()
            let again = try await LocalDriver().create(spec, from: SnapshotSource(store: second, step: 0))
            #expect(try await Self.see(again) == common)
            await again.stop()
        }
    }

    @Test("Of a workspace that is a copy, only what was changed counts; it is a copy again, and no overlay")
    func copy() async throws {
        let files = Self.files.merging((0..<50).map { ("many/\($0)", "\($0)") }) { $1 }
        try await TestSandbox.with(files: files, copies: true, configure: { $0.keepsHome = true }) { test in
            let store = try SnapshotStore(directory: test.directory + "/snapshots")
            try await Self.shell(test.sandbox, "echo more >> a; rm b; echo new > n; echo h > ~/h; touch dir/x")
            let report = try await test.sandbox.snapshot(0, into: store)
            #expect(report.changedFiles == 4 && report.isConsistent)
            let seen = try await Self.see(test.sandbox)
            let changed = try await Self.paths(test.sandbox)
            #expect(changed == ["modified a", "deleted b", "added n"])
            try await Self.shell(test.sandbox, "rm -r many; echo x > ~/h")
            #expect(try await test.sandbox.snapshot(1, into: store).changedFiles == 51)

            // A driver that would make an overlay.
            let (fresh, second) = try Self.secondSession(test, with: store)
            let fork = try await LocalDriver().create(fresh, from: SnapshotSource(store: second, step: 0))
            #expect(try await Self.see(fork) == seen)
            #expect(try await Self.paths(fork) == changed)
            #expect(try await Self.shell(fork, "cat ~/h").text == "h\n")
            await fork.stop()

            var spec = fresh
            spec.id = "overlay"
            spec.stateDirectory = test.directory + "/overlay"
            let overlay = try await LocalDriver().create(spec)
            try await Self.shell(overlay, "echo kept > kept")
            await overlay.stop()
            await #expect {
                try await LocalDriver().create(spec, from: SnapshotSource(store: second, step: 0))
            } throws: { error in
                "\(error)".contains("was a copy, and this one is an overlay")
            }
            let again = try await LocalDriver().create(spec)
            #expect(try await Self.shell(again, "cat kept b").text == "kept\ntwo")
            await again.stop()
        }
    }

    @Test("What runs meanwhile makes a snapshot one that is not consistent")
    func background() async throws {
        try await TestSandbox.with(files: Self.files) { test in
            let store = try SnapshotStore(directory: test.directory + "/snapshots")
            let handle = try await test.sandbox.exec(
                ExecRequest(arguments: ["/bin/sh", "-c", "echo x > started; sleep 600"]))
            while try await test.sandbox.stat("started") == nil { await Task.yield() }
            #expect(try await !test.sandbox.snapshot(0, into: store).isConsistent)
            await handle.cancel()
            _ = try await handle.result()
            #expect(try await test.sandbox.snapshot(1, into: store).isConsistent)
        }
    }

    @Test("A step that is not there leaves the session as it is")
    func missing() async throws {
        try await TestSandbox.with(files: Self.files) { test in
            let store = try SnapshotStore(directory: test.directory + "/snapshots")
            try await Self.shell(test.sandbox, "echo kept > kept")
            await test.sandbox.stop()
            await #expect(throws: SandboxError.self) {
                try await LocalDriver().create(test.spec, from: SnapshotSource(store: store, step: 7))
            }
            let again = try await LocalDriver().create(test.spec)
            #expect(try await Self.shell(again, "cat kept").text == "kept\n")
            await again.stop()
        }
    }

    /// An overlay is a file system that cannot be shown under another owner.
    @Test("A shared base that cannot be shown as the sandbox's own is copied", .enabled(if: geteuid() == 0))
    func ownBase() async throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        for name in ["base", "upper", "work"] { try TestSandbox.make(directory + "/" + name) }
        for (name, text) in Self.files { try TestSandbox.write(directory + "/base/" + name, text, mode: 0o640) }
        let options = "lowerdir=\(directory)/base,upperdir=\(directory)/upper,workdir=\(directory)/work"
        let base = directory + "/merged"
        try TestSandbox.make(base)
        try #require(mount("overlay", base, "overlay", 0, options) == 0)
        defer { umount2(base, Int32(MNT_DETACH)) }
        for id in ["one", "two"] {
            let spec = SandboxSpec(
                id: id, workspacePath: "/srv/w", base: base, stateDirectory: "\(directory)/\(id)",
                detectToolchains: false)
            let sandbox = try await LocalDriver().create(spec)
            #expect(try await Self.shell(sandbox, "cat a; echo \(id) >> a; stat -c %U b").text == "oneagent\n")
            #expect(try await Self.paths(sandbox) == ["modified a"])
            await sandbox.stop()
        }
        #expect(TestSandbox.read(base + "/a") == "one")
        var status = stat()
        #expect(stat(base + "/a", &status) == 0 && status.st_uid == 0)
    }
}
