import Glibc
import Sandbox
import Testing

@Suite("What a sandbox keeps out")
struct IsolationTests {
    @Test("There is no network but loopback")
    func network() async throws {
        try await TestSandbox.with { test in
            #expect(try await test.shell("tail -n +3 /proc/net/dev | cut -d: -f1").text.contains("lo"))
            let interfaces = try await test.shell("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '").text
            #expect(interfaces == "lo\n")
            let script = """
                import socket, sys
                s = socket.create_server(('127.0.0.1', 0))
                socket.create_connection(s.getsockname()).close()
                print('loopback')
                for address in [('1.1.1.1', 53), ('169.254.169.254', 80), ('10.0.0.1', 80)]:
                    try:
                        socket.create_connection(address, timeout=5)
                        print('connected')
                    except OSError as error:
                        print(error.errno)
                """
            let finished = try await test.run(ExecRequest(arguments: ["/usr/bin/python3", "-c", script]))
            if case .couldNotStart = finished.result.outcome { return }
            #expect(finished.text == "loopback\n101\n101\n101\n", "\(finished.errorText)")
        }
    }

    @Test("The system is read-only and holds nothing private")
    func fileSystem() async throws {
        let marker = "/tmp/cofferdam-host-marker-\(getpid())"
        try TestSandbox.write(marker, "host")
        defer { unlink(marker) }
        try await TestSandbox.with { test in
            for path in ["/usr/x", "/etc/x", "/x", "/run/x", "/dev/x", "/run/cofferdam/supervisor"] {
                let attempt = try await test.shell("echo x > \(path)")
                #expect(!attempt.result.isSuccess, "\(path)")
            }
            for path in [marker, "/etc/shadow", "/root", "/srv/user/other", "/sys", "/var/lib", "/etc/hostname"] {
                #expect(try await !test.shell("test -e \(path)").result.isSuccess, "\(path)")
            }
            #expect(try await test.shell("ls -A /home/agent /tmp | grep -v :; ls /home").text == "\nagent\n")
            let home = getenv("HOME").map { String(cString: $0) } ?? "/nonexistent"
            #expect(try await test.shell("ls -A '\(home)'").text == "")
            #expect(
                try await test.shell("touch ~/x /tmp/x x /dev/shm/x && [ -c /dev/null ] && whoami").text == "agent\n")
        }
    }

    @Test("A command has no capabilities and cannot get any")
    func capabilities() async throws {
        try await TestSandbox.with { test in
            let status = try await test.shell("grep -E '^(Cap|NoNewPrivs)' /proc/self/status").text
            for line in status.split(separator: "\n") where line.hasPrefix("Cap") {
                #expect(line.hasSuffix("0000000000000000"), "\(line)")
            }
            #expect(status.contains("NoNewPrivs:\t1"))
            #expect(try await !test.shell("unshare -Ur true").result.isSuccess)
            #expect(try await !test.shell("unshare -n true").result.isSuccess)
            #expect(try await !test.shell("mount -t tmpfs x /tmp").result.isSuccess)
            // Opened and not written: a failure of this test must not change the host.
            let script =
                "for f in $(find /proc/sys /proc/sysrq-trigger -type f); do (: >> $f) 2>/dev/null && echo $f; done"
            let writable = try await test.shell(script)
            #expect(writable.text == "")
            #expect(!writable.result.isSuccess)
        }
    }

    @Test("The service's environment and descriptors do not come along")
    func inheritance() async throws {
        // Tests/run.sh plants it: other tests read the environment at the same time.
        if getenv("COFFERDAM_TEST_SECRET") == nil { setenv("COFFERDAM_TEST_SECRET", "planted-secret", 1) }
        // Without close-on-exec, as a careless library would leave it.
        let leaked = open("/etc/passwd", O_RDONLY)
        defer { close(leaked) }
        try await TestSandbox.with { test in
            let script = "cat /proc/1/environ /proc/self/environ; env; for p in /proc/[0-9]*; do cat $p/environ; done"
            #expect(try await !test.shell(script).text.contains("planted-secret"))
            let descriptors = try await test.shell("ls -l /proc/self/fd | sed 's/.* -> //'").text
            #expect(!descriptors.contains("passwd") && !descriptors.contains("socket"), "\(descriptors)")
        }
    }

    @Test("The supervisor's descriptors, journal and memory are out of reach")
    func supervisor() async throws {
        try await TestSandbox.with { test in
            for path in ["fd/", "fd/4/", "environ", "mem", "maps", "root/", "cwd/"] {
                let attempt = try await test.shell("ls -l /proc/1/\(path) && head -c 1 /proc/1/\(path)")
                #expect(!attempt.result.isSuccess, "\(path): \(attempt.text)")
            }
            #expect(try await !test.shell("ls /proc/1/fd/4/").result.isSuccess)
            let journal = "\(test.spec.stateDirectory)/journal"
            #expect(try await !test.shell("ls \(journal)").result.isSuccess)
            // A command cannot end the first process either: it has no handler, so the kernel drops the signal.
            _ = try await test.shell("kill -KILL 1; kill -STOP 1; kill -TERM 1")
            #expect(try await test.shell("echo still here").text == "still here\n")
        }
    }

    @Test("The user's files are never touched")
    func base() async throws {
        try await TestSandbox.with(files: ["a": "original", "dir/b": "original"]) { test in
            let finished = try await test.shell("echo changed > a; rm -r dir; mkdir new; chmod 777 a; ls")
            #expect(finished.text == "a\nnew\n")
            #expect(TestSandbox.read("\(test.base)/a") == "original")
            #expect(TestSandbox.read("\(test.base)/dir/b") == "original")
        }
    }

    @Test(
        "The workspace stands at the user's own path",
        arguments: ["/tmp/deep/er/project", "/root/project", "/home/someone/project", "/opt/a, b:c/pro\\ject", "/w"])
    func paths(workspace: String) async throws {
        try await TestSandbox.with(files: ["file": "here"], workspace: workspace) { test in
            let finished = try await test.run(
                ExecRequest(arguments: ["/bin/sh", "-c", "pwd; cat \"$PWD/file\"; echo x > new"]))
            #expect(finished.text == "\(workspace)\nhere")
            #expect(try await test.sandbox.changes().map(\.path) == ["new"])
        }
    }

    @Test(
        "Workspaces that would cover the system are refused",
        arguments: ["/", "/usr", "/tmp", "relative", "/a/../b", "/proc/x"])
    func refused(workspace: String) async throws {
        let spec = SandboxSpec(id: "x", workspacePath: workspace, base: "/tmp", stateDirectory: "/tmp/never-made")
        await #expect(throws: SandboxError.self) { try await LocalDriver().create(spec) }
        #expect(access("/tmp/never-made", F_OK) != 0)
    }
}
