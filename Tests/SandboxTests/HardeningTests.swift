import Glibc
import Sandbox
import Testing

@Suite("What a sandbox may take and leave behind")
struct HardeningTests {
    /// Runs a script outside, for comparison: what is refused inside must be possible here.
    private func outside(_ script: String, in directory: String) -> Bool {
        system("cd '\(directory)' && { \(script); } >/dev/null 2>&1") == 0
    }

    private func outside(_ script: String) throws -> Bool {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        return outside(script, in: directory)
    }

    @Test(
        "No repository can be planted in the workspace",
        arguments: [
            "mkdir -p .git/hooks", "mkdir -p .git; echo x > .git/config", "mkdir -p .git; mv .git old",
            "mkdir -p .git; rm -r .git", "git init -q .", "mkdir -p .git; chmod 777 .git && touch .git/HEAD",
            "echo 'gitdir: /tmp/evil' > .git", "ln -s /tmp/evil .git && test -L .git",
        ])
    func repository(script: String) async throws {
        if !script.hasPrefix("git") || access("/usr/bin/git", X_OK) == 0 { #expect(try outside(script)) }
        try await TestSandbox.with(files: ["a": "1"]) { test async throws in
            #expect(try await !test.shell(script).result.isSuccess)
            #expect(try await test.sandbox.changes().isEmpty)
            #expect(try await test.shell("ls -A .git").text == "")
            await #expect(throws: SandboxError.self) { try await test.sandbox.writeFile(".git/config", [], mode: nil) }
        }
    }

    @Test("A repository that is in the base is hidden", arguments: [".git/config", ".git"])
    func hiddenRepository(file: String) async throws {
        try await TestSandbox.with(files: [file: "secret"]) { test async throws in
            #expect(try await !test.shell("cat \(file)").result.isSuccess)
            #expect(try await !test.shell("rm -r .git || mv .git x").result.isSuccess)
            #expect(try await test.sandbox.changes().isEmpty)
        }
    }

    @Test("Files of /proc that tell about the host are closed")
    func maskedFiles() async throws {
        #expect(outside("cat /proc/cmdline /proc/interrupts", in: "/"))
        try await TestSandbox.with { test async throws in
            for name in ["keys", "kallsyms", "cmdline", "interrupts", "kcore", "kmsg", "timer_list"] {
                #expect(try await !test.shell("head -c 1 /proc/\(name)").result.isSuccess, "\(name)")
            }
            #expect(try await test.shell("cat /proc/cpuinfo /proc/meminfo /proc/stat >/dev/null").result.isSuccess)
        }
    }

    @Test("A file cannot grow above the limit, sparse or not")
    func fileSize() async throws {
        let limit = 1 << 20
        #expect(try outside("truncate -s 1048577 f && head -c 1048577 /dev/zero > g"))
        try await TestSandbox.with(configure: { $0.limits.fileBytes = limit }) { test async throws in
            #expect(try await test.shell("truncate -s \(limit) f && head -c \(limit) /dev/zero > g").result.isSuccess)
            #expect(try await !test.shell("truncate -s \(limit + 1) f").result.isSuccess)
            #expect(
                try await test.run(
                    ExecRequest(arguments: ["/bin/sh", "-c", "exec head -c \(limit + 1) /dev/zero >> g"])
                )
                .result.outcome == .signalled(SIGXFSZ))
            #expect(try await test.sandbox.stat("g")?.size == limit)
        }
    }

    @Test("Limits cannot be raised, and a crash leaves no core file")
    func hardLimits() async throws {
        #expect(try outside("ulimit -S -c 0"))
        try await TestSandbox.with(configure: { $0.limits.openFiles = 100 }) { test async throws in
            #expect(try await test.shell("ulimit -n; ulimit -c").text == "100\n0\n")
            #expect(try await !test.shell("ulimit -n 101").result.isSuccess)
            #expect(try await !test.shell("ulimit -c unlimited").result.isSuccess)
            #expect(try await test.shell("kill -SEGV $$").result.outcome == .signalled(SIGSEGV))
            #expect(try await test.sandbox.changes().isEmpty)
        }
    }

    @Test("A fork bomb ends at the limit and takes nothing from other commands")
    func forkBomb() async throws {
        let script = "for i in $(seq 100); do sleep 30 & done; echo all"
        #expect(try outside("for i in $(seq 100); do sleep 1 & done"))
        try await TestSandbox.with(configure: { $0.limits.processes = 50 }) { test async throws in
            let bomb = try await test.shell(script)
            #expect(!bomb.text.contains("all"))
            #expect(!bomb.result.isSuccess)
            #expect(bomb.result.survivors == 0)
            // Another sandbox has a count of its own.
            try await TestSandbox.with { other async throws in
                #expect(try await other.shell("for i in $(seq 100); do sleep 30 & done; echo all").text == "all\n")
            }
            #expect(try await test.shell("echo again").text == "again\n")
        }
    }

    @Test("The guards are told, and a service can require them")
    func guards() async throws {
        let guards = LocalDriver.guards()
        for name in ["namespaces", "system call filter"] {
            #expect(guards.contains { $0.name == name && $0.active }, "\(name)")
        }
        #expect(guards.allSatisfy { !$0.advice.isEmpty })
        #expect(Set(guards.map(\.name)).count == guards.count)
        #expect(guards.contains { $0.name == "user of its own" && $0.active == (geteuid() == 0) })
        let spec = SandboxSpec(id: "x", workspacePath: "/w", base: "/tmp", stateDirectory: "/tmp/never-made")
        for name in ["no such guard"] + guards.filter({ !$0.active }).map(\.name) {
            await #expect(throws: SandboxError.self) { try await LocalDriver(require: [name]).create(spec) }
        }
        #expect(access("/tmp/never-made", F_OK) != 0)
        try await TestSandbox.with(required: ["namespaces", "system call filter"]) { test async throws in
            #expect(try await test.shell("true").result.isSuccess)
        }
    }
}
