import Glibc
import Sandbox
import Testing

@Suite("System calls that a sandbox refuses", .enabled(if: Probe.isAvailable))
struct SyscallTests {
    /// Whether the same call, made outside, must come to another end: always, when root makes it, or not asked
    /// (the kernel may lack it, or nothing harmless can be done).
    enum Control {
        case everybody, root, none
    }

    struct Attack {
        var name: String
        var error: Int32
        var control: Control

        init(_ name: String, _ error: Int32, _ control: Control) {
            self.name = name
            self.error = error
            self.control = control
        }
    }

    private static let attacks: [Attack] = [
        Attack("mount", EPERM, .root), Attack("umount2", EPERM, .root), Attack("pivot_root", EPERM, .root),
        Attack("chroot", EPERM, .everybody), Attack("open_tree", EPERM, .everybody), Attack("move_mount", EPERM, .root),
        Attack("fsopen", EPERM, .root), Attack("fsconfig", EPERM, .everybody), Attack("fsmount", EPERM, .root),
        Attack("fspick", EPERM, .root), Attack("mount_setattr", EPERM, .everybody), Attack("setns", EPERM, .everybody),
        Attack("open_by_handle_at", EPERM, .root), Attack("unshare_user", EPERM, .everybody),
        Attack("unshare_net", EPERM, .root), Attack("unshare_time", EPERM, .root),
        Attack("clone_user", EPERM, .everybody), Attack("clone3", ENOSYS, .everybody),
        Attack("ptrace", EPERM, .everybody), Attack("process_vm_readv", EPERM, .everybody),
        Attack("process_vm_writev", EPERM, .everybody), Attack("pidfd_getfd", EPERM, .everybody),
        Attack("kcmp", EPERM, .everybody), Attack("keyctl", EPERM, .everybody), Attack("add_key", EPERM, .everybody),
        Attack("request_key", EPERM, .everybody), Attack("bpf", EPERM, .root), Attack("perf_event_open", EPERM, .root),
        Attack("userfaultfd", EPERM, .everybody), Attack("io_uring_setup", ENOSYS, .none),
        Attack("io_uring_enter", ENOSYS, .none), Attack("io_uring_register", ENOSYS, .none),
        Attack("TIOCSTI", EPERM, .everybody), Attack("TIOCSTI_high", EPERM, .everybody),
        Attack("TIOCLINUX", EPERM, .everybody), Attack("TIOCLINUX_high", EPERM, .everybody),
        Attack("TIOCSETD", EPERM, .everybody), Attack("netlink_generic", EPROTONOSUPPORT, .everybody),
        Attack("netlink_diag", EPROTONOSUPPORT, .everybody), Attack("netlink_high", EPROTONOSUPPORT, .everybody),
        Attack("vsock", EAFNOSUPPORT, .none),
        Attack("packet", EAFNOSUPPORT, .root), Attack("alg", EAFNOSUPPORT, .none), Attack("key", EAFNOSUPPORT, .none),
        Attack("can", EAFNOSUPPORT, .none), Attack("tipc", EAFNOSUPPORT, .none),
        Attack("bluetooth", EAFNOSUPPORT, .none), Attack("xdp", EAFNOSUPPORT, .none),
        Attack("sctp", EPROTONOSUPPORT, .none), Attack("raw", EPROTONOSUPPORT, .root),
        Attack("tipc_pair", EAFNOSUPPORT, .none), Attack("unknown", ENOSYS, .none),
        Attack("finit_module", EPERM, .none), Attack("delete_module", EPERM, .none),
        Attack("kexec_load", EPERM, .none), Attack("kexec_file_load", EPERM, .none), Attack("reboot", EPERM, .none),
        Attack("swapon", EPERM, .none), Attack("acct", EPERM, .none), Attack("syslog", EPERM, .none),
        Attack("sethostname", EPERM, .none), Attack("settimeofday", EPERM, .none),
        Attack("setscheduler_first", EPERM, .none), Attack("setparam_first", EPERM, .none),
        Attack("setattr_first", EPERM, .none), Attack("setattr_first_high", EPERM, .none),
        Attack("setaffinity_first", EPERM, .none), Attack("setpriority_first", EPERM, .none),
        Attack("setpriority_group", EPERM, .none), Attack("setpriority_user", EPERM, .none),
        Attack("ioprio_first", EPERM, .none), Attack("ioprio_user", EPERM, .none),
        Attack("limits_of_first", EPERM, .none),
    ]

    #if arch(x86_64)
        private static let ofThisProcessor: [Attack] = [
            Attack("i386", ENOSYS, .none), Attack("x32", ENOSYS, .none), Attack("x32_ptrace", ENOSYS, .none),
            Attack("iopl", EPERM, .none),
        ]
    #else
        private static let ofThisProcessor: [Attack] = []
    #endif

    private static let mustWork = [
        "tcp", "udp6", "unix", "netlink_route", "unix_pair", "unshare_files", "fork", "thread", "FIONREAD",
        "own_affinity", "own_priority", "batch",
    ]

    @Test("Each is refused inside with its own error and not outside; what programs need goes on working")
    func attacks() async throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let program = directory + "/probe"
        try Probe.build(program)
        let outside = try Probe.runOutside(program)
        try await TestSandbox.with { test async throws in
            try await test.sandbox.writeFile("probe", try #require(Self.bytes(program)), mode: 0o755)
            let finished = try await test.shell("./probe")
            #expect(finished.result.isSuccess, "\(finished.errorText)")
            let inside = Probe.parse(finished.text)
            for attack in Self.attacks + Self.ofThisProcessor {
                #expect(inside[attack.name] == attack.error, "\(attack.name)")
                if attack.control == .everybody || attack.control == .root && geteuid() == 0 {
                    #expect(
                        outside[attack.name] != nil && outside[attack.name] != attack.error, "\(attack.name) outside")
                }
            }
            for name in Self.mustWork {
                #expect(inside[name] == 0, "\(name)")
                #expect(outside[name] == 0, "\(name) outside")
            }
        }
    }

    @Test("Local sockets of the host cannot be reached, not even through the workspace")
    func localSockets() async throws {
        let directory = try TestSandbox.makeDirectory()
        defer { try? LocalDriver.discard(stateDirectory: directory) }
        let program = directory + "/probe"
        try Probe.build(program)
        let name = "cofferdam-test-\(ExecID())"
        let abstract = try Self.listen(name, abstract: true)
        let inBase = directory + "/s"
        let named = try Self.listen(inBase, abstract: false)
        defer {
            close(abstract)
            close(named)
        }
        #expect(try Probe.runOutside(program, "abstract \(name)") == ["connect": 0])
        #expect(try Probe.runOutside(program, "path \(inBase)") == ["connect": 0])
        try await TestSandbox.with { test async throws in
            // The socket lies in the base itself, as one that the user's editor left in the project would.
            try #require(rename(inBase, test.base + "/s") == 0)
            try await test.sandbox.writeFile("probe", try #require(Self.bytes(program)), mode: 0o755)
            #expect(try await test.shell("test -S s").result.isSuccess)
            #expect(Probe.parse(try await test.shell("./probe abstract \(name)").text) == ["connect": ECONNREFUSED])
            #expect(Probe.parse(try await test.shell("./probe path s").text) == ["connect": ECONNREFUSED])
        }
    }

    private static func listen(_ name: String, abstract: Bool) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0[(abstract ? 1 : 0)...].copyBytes(from: name.utf8) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count + 1)
        let code = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(code == 0 && Glibc.listen(descriptor, 8) == 0)
        return descriptor
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}
