import Glibc
import Sandbox
import Testing

/// Foreign root file systems: a minimal one of busybox, which has no C library at all.
@Suite("Root file systems", .enabled(if: BusyboxRoot.isAvailable))
struct RootTests {
    @Test("A minimal system stands at /, and nothing of the host's")
    func minimalSystem() async throws {
        try await BusyboxRoot.with { root in
            try await TestSandbox.with(files: ["a.txt": "a\n"], configure: { $0.root = .directory(root) }) { test in
                let list = try await test.shell(
                    "echo $$ $0; ls -d /usr/bin/git /usr/lib/os-release /lib64 2>&1; cat a.txt /etc/motd")
                #expect(list.result.outcome == .exited(0) || list.result.outcome == .exited(1))
                #expect(list.text.contains("a\nfrom the image\n"), "\(list.text) \(list.errorText)")
                #expect(list.text.components("No such file").count == 4, "\(list.text)")
                let write = try await test.shell(
                    "echo x > /etc/motd; echo x > /bin/x; echo y > b.txt; echo z > ~/z; cat ~/z b.txt")
                #expect(write.text == "z\ny\n")
                #expect(write.errorText.components("Read-only file system").count == 3, "\(write.errorText)")
                let changes = try await test.sandbox.changes()
                #expect(changes.map(\.path) == ["b.txt"])
                #expect(TestSandbox.read(root + "/etc/motd") == "from the image\n")
            }
        }
    }

    @Test("Accounts, names and devices are the sandbox's own")
    func accounts() async throws {
        try await BusyboxRoot.with { root in
            try await TestSandbox.with(configure: {
                $0.root = .directory(root)
                $0.userName = "dev"
            }) { test in
                let names = try await test.shell(
                    "id -un; echo $USER; cat /etc/passwd /etc/hosts; wc -c < /etc/resolv.conf")
                let lines = names.text.split(separator: "\n").map(String.init)
                #expect(lines.prefix(2) == ["dev", "dev"])
                #expect(names.text.contains("daemon:x:2:2:daemon:/:/bin/false"))
                #expect(!names.text.contains("dev:x:77"), "the image's own account of that name is replaced")
                #expect(names.text.contains("127.0.0.1 localhost") && !names.text.contains("image.example"))
                #expect(lines.last == "0")
                let devices = try await test.shell(
                    "echo x > /dev/null && test -c /dev/zero && ls /proc/self/fd | wc -l && test ! -e /dev/sda")
                #expect(devices.result.outcome == .exited(0), "\(devices.errorText)")
            }
        }
    }

    @Test("Links of the image lead no mount elsewhere")
    func hostileLinks() async throws {
        try await BusyboxRoot.with { root in
            let outside = root + "-outside"
            try TestSandbox.make(outside)
            defer { rmdir(outside) }
            for name in ["tmp", "run", "home", "proc", "dev", "srv"] {
                rmdir(root + "/" + name)
                symlink(outside, root + "/" + name)
            }
            unlink(root + "/etc/passwd")
            symlink("/proc/1/environ", root + "/etc/passwd")
            try await TestSandbox.with(files: ["a": "1"], configure: { $0.root = .directory(root) }) { test in
                let run = try await test.shell(
                    "cat a; echo > /tmp/x; echo > ~/y; head -c 6 /etc/passwd; ls -A \(outside) 2>&1")
                #expect(run.text.hasPrefix("1agent:"), "\(run.text) \(run.errorText)")
            }
            #expect(opendirNames(outside).isEmpty)
        }
    }

    @Test("Nothing of the image is loaded into the supervisor")
    func preload() async throws {
        try await BusyboxRoot.with { root in
            // A library that is none ends every dynamic program that is told to load it, or is complained of.
            try TestSandbox.write(root + "/lib/evil.so", "no library")
            try TestSandbox.write(root + "/etc/ld.so.preload", "/lib/evil.so\n")
            try TestSandbox.write(root + "/etc/ld.so.cache", "no cache")
            try await TestSandbox.with(configure: { $0.root = .directory(root) }) { test in
                let run = try await test.shell("cat /etc/ld.so.preload; echo fine")
                #expect(run.text == "fine\n", "\(run.errorText)")
            }
        }
    }

    @Test("A system with a C library of its own uses that one", .enabled(if: access("/bin/dash", X_OK) == 0))
    func ownLibrary() async throws {
        try await BusyboxRoot.with { root in
            let copy =
                "for f in /bin/dash $(ldd /bin/dash | grep -o '/[^ ]*'); do mkdir -p \(root)$(dirname $f); cp -L $f \(root)$f; done"
            try #require(system(copy) == 0)
            try await TestSandbox.with(configure: { $0.root = .directory(root) }) { test in
                let run = try await test.run(
                    ExecRequest(
                        arguments: ["/bin/dash", "-c", "cat /proc/$$/maps | grep libc; env"], timeout: .seconds(60)))
                #expect(run.text.contains("/lib"), "\(run.errorText)")
                #expect(!run.text.contains("/run/cofferdam/lib") && !run.text.contains("LD_"))
            }
        }
    }

    @Test("A second path leads to the workspace", arguments: [true, false])
    func link(ofHost: Bool) async throws {
        try await BusyboxRoot.with { root in
            try await TestSandbox.with(
                files: ["a": "1"],
                configure: {
                    $0.root = ofHost ? .host : .directory(root)
                    $0.workspaceLink = "/workspaces/thing"
                }
            ) { test in
                let run = try await test.shell("cat /workspaces/thing/a && echo 2 > /workspaces/thing/b && cat b")
                #expect(run.text == "12\n", "\(run.errorText)")
            }
        }
    }

    @Test("Paths that cannot be", arguments: ["/usr/x", "/proc/x", "/", "relative", "/tmp/../x", "/home/agent/x"])
    func refusedLinks(path: String) async throws {
        await #expect(throws: SandboxError.self) {
            try await TestSandbox.with(configure: { $0.workspaceLink = path }) { _ in }
        }
    }

    @Test("A root that is not there, or a name that is none, is refused")
    func refused() async throws {
        await #expect(throws: SandboxError.self) {
            try await TestSandbox.with(configure: { $0.root = .directory("/nonexistent/root") }) { _ in }
        }
        await #expect(throws: SandboxError.self) {
            try await TestSandbox.with(configure: { $0.userName = "a:b" }) { _ in }
        }
    }
}

/// A root file system of one static program.
enum BusyboxRoot {
    private static let program = "/bin/busybox"
    static let isAvailable = access(program, X_OK) == 0

    static func with(_ body: (String) async throws -> Void) async throws {
        let directory = try TestSandbox.makeDirectory()
        let root = directory + "/root"
        for name in ["bin", "etc", "proc", "dev", "tmp", "run", "home", "srv"] {
            try TestSandbox.make(root + "/" + name)
        }
        chmod(directory, 0o755)
        try #require(system("cp \(program) \(root)/bin/busybox && chmod 755 \(root)/bin/busybox") == 0)
        for name in [
            "sh", "cat", "grep", "env", "ls", "echo", "id", "wc", "test", "head", "sleep", "mkdir", "rm", "touch",
        ] {
            symlink("busybox", root + "/bin/" + name)
        }
        try TestSandbox.write(root + "/etc/motd", "from the image\n")
        try TestSandbox.write(
            root + "/etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\ndaemon:x:2:2:daemon:/:/bin/false\ndev:x:77:77::/:/bin/sh\n")
        try TestSandbox.write(root + "/etc/hosts", "1.2.3.4 image.example\n")
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        try await body(root)
    }
}

private func opendirNames(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

extension String {
    /// The parts between a separator of several characters.
    func components(_ separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
