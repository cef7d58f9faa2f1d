import Glibc
import Sandbox
import Testing

@Suite("Changes of the workspace")
struct ChangesTests {
    private func describe(_ changes: [WorkspaceChange]) -> [String] {
        changes.map { change in
            let link = change.linkTarget.map { " -> \($0)" } ?? ""
            return "\(change.kind) \(change.path) \(String(change.mode, radix: 8)) \(change.size)\(link)"
        }
    }

    private func changes(files: [String: String], after script: String) async throws -> [String] {
        var found: [String] = []
        try await TestSandbox.with(files: files) { test in
            let finished = try await test.shell("set -e; " + script)
            #expect(finished.result.isSuccess, "\(finished.errorText)")
            found = describe(try await test.sandbox.changes())
        }
        return found
    }

    private static let files = [
        "a": "one", "b": "two", "dir/x": "x", "dir/sub/y": "y", "dir/sub/z": "z", "exec.sh": "#!/bin/sh\n",
    ]

    @Test("Nothing, and files written again with the same bytes, are no change")
    func none() async throws {
        #expect(try await changes(files: Self.files, after: "true") == [])
        #expect(try await changes(files: Self.files, after: "printf one > a; touch b dir; mkdir empty") == [])
    }

    @Test("Added, modified and deleted files")
    func basics() async throws {
        let found = try await changes(
            files: Self.files,
            after: "echo new > n; echo longer > a; rm b; printf X > dir/sub/y; mkdir -p p/q; echo > p/q/r")
        #expect(
            found == [
                "modified a 644 7", "deleted b 644 0", "modified dir/sub/y 644 1", "added n 644 4", "added p/q/r 644 1",
            ])
    }

    @Test("Modes and links")
    func modesAndLinks() async throws {
        let found = try await changes(
            files: Self.files, after: "chmod 755 exec.sh; ln -s /etc/passwd l; rm a; ln -s b a")
        #expect(
            found == ["modified a 777 1 -> b", "modeChanged exec.sh 755 10", "added l 777 11 -> /etc/passwd"])
    }

    @Test("Directories that are removed, replaced or moved")
    func directories() async throws {
        #expect(
            try await changes(files: Self.files, after: "rm -r dir") == [
                "deleted dir/sub/y 644 0", "deleted dir/sub/z 644 0", "deleted dir/x 644 0",
            ])
        #expect(
            try await changes(files: Self.files, after: "rm -r dir; mkdir dir; echo n > dir/n; printf x > dir/x") == [
                "added dir/n 644 2", "deleted dir/sub/y 644 0", "deleted dir/sub/z 644 0",
            ])
        #expect(
            try await changes(files: Self.files, after: "rm -r dir; echo file > dir; rm a; mkdir a; echo b > a/b") == [
                "deleted a 644 0", "added a/b 644 2", "added dir 644 5", "deleted dir/sub/y 644 0",
                "deleted dir/sub/z 644 0", "deleted dir/x 644 0",
            ])
        #expect(
            try await changes(files: Self.files, after: "mv dir/sub moved") == [
                "deleted dir/sub/y 644 0", "deleted dir/sub/z 644 0", "added moved/y 644 1", "added moved/z 644 1",
            ])
    }

    @Test("Names that are not UTF-8 and special files are reported, not hidden")
    func oddThings() async throws {
        try await TestSandbox.with { test in
            _ = try await test.shell("printf x > \"$(printf 'bad\\377name')\"; mkfifo pipe; printf y > 'new\nline'")
            let changes = try await test.sandbox.changes()
            #expect(changes.map(\.isPathValid) == [false, true, true])
            #expect(changes.map(\.fileKind) == [.regular, .regular, .special])
            #expect(try changes[0].contents(maximumBytes: 10) == Array("x".utf8))
            #expect(throws: SandboxError.notARegularFile("pipe")) { try changes[2].contents(maximumBytes: 10) }
        }
    }

    @Test("New bytes are read without following links, up to a cap")
    func contents() async throws {
        try await TestSandbox.with(files: ["d/f": "old"]) { test in
            _ = try await test.shell("printf new > d/f")
            let change = try #require(try await test.sandbox.changes().first)
            #expect(try change.contents(maximumBytes: 3) == Array("new".utf8))
            #expect(throws: SandboxError.fileTooLarge(path: "d/f", limit: 2)) { try change.contents(maximumBytes: 2) }
            // The file gives way to a link to a secret of the host: it must not be read through.
            _ = try await test.shell("rm d/f; ln -s /etc/shadow d/f")
            #expect(throws: SandboxError.self) { try change.contents(maximumBytes: 1 << 20) }
            _ = try await test.shell("rm -r d; ln -s /etc d")
            #expect(throws: SandboxError.self) { try change.contents(maximumBytes: 1 << 20) }
        }
    }

    @Test("The sandbox cannot forge deletions by setting the overlay's own attributes")
    func forgedMarks() async throws {
        try await TestSandbox.with(files: ["d/f": "old"]) { test in
            let script = """
                import os
                os.utime('d')
                for name in ('user.overlay.opaque', 'trusted.overlay.opaque'):
                    try: os.setxattr('d', name, b'y')
                    except OSError as error: pass
                open('d/new', 'w').close()
                try: os.mknod('whiteout', 0o020600, os.makedev(0, 0))
                except OSError: pass
                """
            let finished = try await test.run(ExecRequest(arguments: ["/usr/bin/python3", "-c", script]))
            if case .couldNotStart = finished.result.outcome { return }
            #expect(finished.result.isSuccess, "\(finished.errorText)")
            #expect(describe(try await test.sandbox.changes()) == ["added d/new 644 0"])
            #expect(try await test.shell("cat d/f").text == "old")
        }
    }

    @Test("Changes can still be read after the sandbox is gone, and its directory can be removed")
    func afterwards() async throws {
        try await TestSandbox.with(files: ["a": "1"]) { test in
            _ = try await test.shell(
                "echo 2 > a; mkdir locked; echo x > locked/f; chmod 000 locked/f locked; d=deep; for i in $(seq 200); do mkdir -p $d && cd $d; done"
            )
            await test.sandbox.stop()
            let changes = try await test.sandbox.changes()
            #expect(changes.map(\.path) == ["a", "locked/f"])
            #expect(try changes.last?.contents(maximumBytes: 10) == Array("x\n".utf8))
            #expect(changes.last?.mode == 0)
            try LocalDriver.discard(stateDirectory: test.spec.stateDirectory)
            #expect(access(test.spec.stateDirectory, F_OK) != 0)
        }
    }
}
