import Dispatch

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs programs for tests.
enum TestProgram {
    /// - Returns: the exit status, or minus the signal.
    static func run(_ path: String, _ arguments: [String]) async throws -> Int32 {
        let pid = try start(path, arguments, environment: [:])
        return await wait(pid)
    }

    /// Its output goes nowhere. Empty `environment`: this process's own.
    static func start(_ path: String, _ arguments: [String], environment: [String: String]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let result =
            environment.isEmpty
            ? posix_spawn(&pid, path, &actions, nil, &argv, environ)
            : posix_spawn(&pid, path, &actions, nil, &argv, &envp)
        guard result == 0 else { throw TestFailure("\(path): \(String(cString: strerror(result)))") }
        return pid
    }

    static func wait(_ pid: pid_t) async -> Int32 {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                continuation.resume(returning: status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F))
            }
        }
    }

    /// A program of this package, beside the test bundle.
    static func built(_ name: String) -> String? {
        var folder = CommandLine.arguments.first ?? ""
        // The test runner's own path is the toolchain's; the bundle's is among its arguments.
        for argument in CommandLine.arguments where argument.contains(".xctest") { folder = argument }
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return nil
    }
}
