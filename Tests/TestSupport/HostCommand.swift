#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs a real program beside the code under test, to compare with.
public enum HostCommand {
    public struct Result: Sendable {
        /// -1 when it was killed.
        public var exitCode: Int32
        public var output: [UInt8]
        public var errors: [UInt8]

        public var text: String { String(decoding: output, as: UTF8.self) }
        public var errorText: String { String(decoding: errors, as: UTF8.self) }
        /// The output without its last line end.
        public var line: String { text.last == "\n" ? String(text.dropLast()) : text }
    }

    /// - Parameter arguments: program (looked up in `PATH`) and arguments.
    public static func run(_ arguments: [String], in folder: String? = nil, input: [UInt8] = []) throws -> Result {
        // Changing the folder in a spawn is not in every C library's public names: `env` does it.
        let arguments = folder.map { ["env", "-C", $0] + arguments } ?? arguments
        let files = try [input, [], []].map(anonymousFile)
        defer { for file in files { fclose(file) } }
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
        #else
            var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, file) in files.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, fileno(file), Int32(target))
        }
        // A thread may block signals, SIGCHLD among them; a shell that inherited that would wait for ever.
        #if canImport(Glibc)
            var attributes = posix_spawnattr_t()
        #else
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process = pid_t()
        let code = posix_spawnp(&process, arguments[0], &actions, &attributes, words, environ)
        guard code == 0 else { throw HostFailure(code) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { throw HostFailure(errno) } }
        let exitCode = status & 0x7F == 0 ? status >> 8 & 0xFF : -1
        return Result(exitCode: exitCode, output: contents(files[1]), errors: contents(files[2]))
    }

    /// git without the configuration of machine and user.
    public static func git(_ arguments: [String], in folder: String, input: [UInt8] = []) throws -> Result {
        let settings = [
            "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent",
            "XDG_CONFIG_HOME=/nonexistent", "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@t", "GIT_COMMITTER_NAME=t",
            "GIT_COMMITTER_EMAIL=t@t",
        ]
        let command = ["git", "-c", "safe.directory=*", "-c", "core.autocrlf=false"] + arguments
        return try run(["/usr/bin/env"] + settings + command, in: folder, input: input)
    }

    private static func anonymousFile(_ bytes: [UInt8]) throws -> UnsafeMutablePointer<FILE> {
        guard let file = tmpfile() else { throw HostFailure(errno) }
        if !bytes.isEmpty { fwrite(bytes, 1, bytes.count, file) }
        fflush(file)
        rewind(file)
        return file
    }

    private static func contents(_ file: UnsafeMutablePointer<FILE>) -> [UInt8] {
        rewind(file)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}
