import Glibc
import Testing

@testable import Sandbox

@Suite(
    "A user of its own for each sandbox",
    .enabled(if: LocalDriver.guards().contains { $0.name == "user of its own" && $0.active }))
struct SessionUserTests {
    private func user(_ test: TestSandbox) async throws -> UInt32 {
        try #require(UInt32(try await test.shell("id -u").text.dropLast()))
    }

    private func owner(_ path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_uid : nil
    }

    /// Runs a script of the host's as that user; true when it succeeds.
    private func succeeds(as user: UInt32, _ script: String) -> Bool {
        system("setpriv --reuid \(user) --regid \(user) --clear-groups sh -c '\(script)' >/dev/null 2>&1") == 0
    }

    @Test("No command runs as root, whatever it does, and no two sandboxes share a user")
    func identity() async throws {
        try await TestSandbox.with { first async throws in
            try await TestSandbox.with { second async throws in
                let one = try await user(first)
                let two = try await user(second)
                #expect(one != two)
                for id in [one, two] { #expect(id >= 61_184 && id != 65_534) }
                let status = try await first.shell("grep -E '^(Uid|Gid|Groups)' /proc/self/status").text
                #expect(!status.split(whereSeparator: \.isWhitespace).contains("0"), "\(status)")
                // The layer on disk is the sandbox's; the directories above it are closed to it.
                _ = try await second.shell("echo secret > f; chmod 644 f")
                let file = second.spec.stateDirectory + "/upper/f"
                #expect(owner(file) == two)
                #expect(TestSandbox.read(file) == "secret\n")
                #expect(!succeeds(as: one, "cat \(file)"))
                #expect(!succeeds(as: two, "cat \(file)"))
            }
        }
    }

    @Test("Nothing that acts on the whole machine can be opened for writing by that user, even without the mounts")
    func machine() async throws {
        try await TestSandbox.with { test async throws in
            let id = try await user(test)
            try #require(id != 0)
            // Opened and neither written nor read. Root may, so the attack is real.
            for path in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"] where access(path, F_OK) == 0 {
                #expect(system("sh -c ': >> \(path)'") == 0, "\(path)")
                #expect(!succeeds(as: id, ": >> \(path)"), "\(path)")
            }
            // ns_last_pid belongs to the PID namespace and asks for a capability in it.
            let any = """
                for f in $(find /proc/sys -type f ! -name ns_last_pid); do (: >> $f) && exit 0; done; exit 1
                """
            #expect(!succeeds(as: id, any))
            for path in ["/etc/shadow", "/proc/kcore", "/dev/kmsg", "/dev/mem", "/dev/vda", "/dev/sda"] {
                #expect(!succeeds(as: id, ": < \(path)"), "\(path)")
            }
            #expect(!succeeds(as: id, "ls /root"))
        }
    }

    @Test("The base is the sandbox's to change and stays as it is on disk")
    func base() async throws {
        try await TestSandbox.with(files: ["a": "1", "d/b": "2", "private": "3"]) { test async throws in
            chmod(test.base + "/private", 0o600)
            let script =
                "stat -c %U a d d/b . | sort -u; cat private; echo x >> a; rm d/b; chmod 755 private; mkdir n; mv private n"
            let finished = try await test.shell(script)
            #expect(finished.text == "agent\n3", "\(finished.errorText)")
            #expect(owner(test.base + "/a") == 0)
            #expect(TestSandbox.read(test.base + "/a") == "1")
            #expect(try await test.sandbox.changes().map(\.path) == ["a", "d/b", "n/private", "private"])
            // A program with the set-user-id bit belongs to the sandbox's user, on disk as well.
            _ = try await test.shell("cp /bin/true t; chmod 6755 t")
            #expect(owner(test.spec.stateDirectory + "/upper/t") != 0)
        }
    }

    @Test("A session that starts again goes on with its files, also when its user is taken")
    func restart() async throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        try TestSandbox.make(directory + "/base")
        let spec = SandboxSpec(
            id: "x", workspacePath: "/srv/w", base: directory + "/base", stateDirectory: directory + "/state",
            detectToolchains: false)
        var users: [String] = []
        // Each id is held until all are done.
        var held: [SessionUser?] = []
        for _ in 0..<3 {
            let sandbox = try await LocalDriver().create(spec)
            let script = "umask 077; mkdir -p d; echo x >> d/f && wc -l < d/f; id -u"
            let finished = try await Finished(sandbox.exec(ExecRequest(arguments: ["/bin/sh", "-c", script])))
            let lines = finished.text.split(separator: "\n").map(String.init)
            #expect(lines.first == "\(users.count + 1)", "\(finished.errorText)")
            users.append(try #require(lines.last))
            await sandbox.stop()
            held.append(users.last.flatMap { UInt32($0) }.flatMap { SessionUser.take($0) })
        }
        #expect(Set(users).count == 3)
        #expect(held.allSatisfy { $0 != nil })
    }

    @Test("A toolchain in a private directory is usable; one that is private itself is left out")
    func toolchains() async throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let usable = directory + "/private/usable"
        let closed = directory + "/private/closed"
        for tool in [usable, closed] {
            try TestSandbox.write(tool + "/bin/tool-of-a-test", "#!/bin/sh\necho works\n", mode: 0o755)
        }
        chmod(directory + "/private", 0o700)
        chmod(closed, 0o700)
        try await TestSandbox.with(configure: { $0.toolchains = [usable, closed] }) { test async throws in
            #expect(try await test.shell("tool-of-a-test").text == "works\n")
            #expect(try await !succeeds(as: user(test), "\(usable)/bin/tool-of-a-test"))
            #expect(try await !test.shell("test -e \(closed)").result.isSuccess)
        }
    }
}
