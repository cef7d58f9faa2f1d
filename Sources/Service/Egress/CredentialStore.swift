import Egress
import NIOPosix
import Secrets
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads the secrets of the service's file when the gateway needs them.
///
/// A file is read anew each time, so that a rotated secret takes effect; what a program printed is kept for a minute.
final class CredentialStore: SecretSource {
    private let credentials: [String: EgressCredential]
    private let environment: [String: String]
    private let known: KnownSecrets?
    /// What was made known of each credential.
    private let met = Mutex<[String: SecretString]>([:])
    private let printed = Mutex<[String: (secret: EgressSecret, until: ContinuousClock.Instant)]>([:])

    /// Tokens are some hundred bytes; a header takes no more than this.
    private static let maximumBytes = 16 << 10
    private static let commandLifetime = Duration.seconds(60)
    private static let commandMilliseconds: Int32 = 10_000

    /// - Parameter known: is told every secret that is given out.
    init(
        _ credentials: [String: EgressCredential], environment: [String: String], known: KnownSecrets? = nil
    ) {
        self.known = known
        self.credentials = credentials
        self.environment = environment
    }

    func secret(named name: String) async throws -> EgressSecret {
        let secret = try await read(name)
        let text = SecretString(secret.reveal())
        // A rotated one is still somebody's; it is remembered beside the one before.
        let isNew = met.withLock { $0.updateValue(text, forKey: name) != text }
        if isNew { known?.add(text) }
        return secret
    }

    private func read(_ name: String) async throws -> EgressSecret {
        guard let credential = credentials[name] else { throw CredentialError.unknown(name) }
        switch credential.source {
        case .variable(let variable):
            guard let value = environment[variable] else { throw CredentialError.noVariable(variable) }
            return try Self.secret(Array(value.utf8), of: name)
        case .file(let path):
            return try Self.secret(try Self.read(path), of: name)
        case .command(let words):
            if let known = printed.withLock({ $0[name] }), known.until > .now { return known.secret }
            let output = try await NIOThreadPool.singleton.runIfActive { try Self.output(of: words) }
            let secret = try Self.secret(output, of: name)
            printed.withLock { $0[name] = (secret, .now + Self.commandLifetime) }
            return secret
        }
    }

    /// Has a program run again, however short ago it did.
    func forget(_ name: String) { printed.withLock { $0[name] = nil } }

    /// What is wrong with the credentials now, without their values, for the service's log.
    func problems() async -> [String: String] {
        var problems: [String: String] = [:]
        for (name, credential) in credentials {
            // A program may ask somebody for a password: not before it is needed.
            if case .command = credential.source { continue }
            do { _ = try await secret(named: name) } catch { problems[name] = "\(error)" }
        }
        return problems
    }

    /// A line of printable text: anything else would end the header that it stands in.
    private static func secret(_ bytes: [UInt8], of name: String) throws(CredentialError) -> EgressSecret {
        var end = bytes.count
        while end > 0, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
        let line = bytes[..<end]
        guard !line.isEmpty else { throw .empty(name) }
        guard line.count <= maximumBytes, line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            let text = String(validating: line, as: UTF8.self)
        else { throw .notALine(name) }
        return EgressSecret(text)
    }

    /// A file that only the service's user or root can read.
    static func read(_ path: String) throws(CredentialError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw .unreadable(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(path, "it is not a regular file")
        }
        guard status.st_uid == geteuid() || status.st_uid == 0, status.st_mode & 0o077 == 0 else {
            throw .unreadable(path, "it must belong to the service's user or root and have mode 0600 or less")
        }
        return try drain(descriptor) { .unreadable(path, $0) }
    }

    private static func drain(
        _ descriptor: Int32, _ failure: (String) -> CredentialError
    ) throws(CredentialError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes + 2 else { throw failure("it is longer than \(maximumBytes) bytes") }
        }
    }

    /// Runs a program with nothing on its standard input. Blocks: not for the threads of Swift's tasks.
    private static func output(of words: [String]) throws(CredentialError) -> [UInt8] {
        let program = words[0]
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .command(program, String(cString: strerror(errno))) }
        defer { close(ends[0]) }
        // Everything else of the service is opened so that no program gets it.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        // What it says of itself may hold the secret: not into the service's log.
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that all of it can be ended; the service's ignored signals are not passed on.
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &arguments, environ)
        close(ends[1])
        guard code == 0 else { throw .command(program, String(cString: strerror(code))) }
        let result = Result { () throws(CredentialError) in try collect(ends[0], of: program) }
        if case .failure = result { kill(-pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let bytes = try result.get()
        guard status & 0x7F == 0 else { throw .command(program, "it was killed by signal \(status & 0x7F)") }
        guard status >> 8 & 0xFF == 0 else { throw .command(program, "it ended with exit code \(status >> 8 & 0xFF)") }
        return bytes
    }

    private static func collect(_ descriptor: Int32, of program: String) throws(CredentialError) -> [UInt8] {
        let deadline = ContinuousClock.now + .milliseconds(Int(commandMilliseconds))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = Int32(clamping: Int((deadline - .now) / .milliseconds(1)))
            guard left > 0 else { throw .command(program, "it took longer than \(commandMilliseconds / 1000) s") }
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, left) > 0 else { continue }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .command(program, String(cString: strerror(errno))) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes + 2 else {
                throw .command(program, "it printed more than \(maximumBytes) bytes")
            }
        }
    }
}

/// Why a credential cannot be had. The texts never hold its value.
enum CredentialError: Error, Equatable, CustomStringConvertible {
    case unknown(String)
    case noVariable(String)
    case unreadable(String, String)
    case command(String, String)
    case empty(String)
    case notALine(String)

    var description: String {
        switch self {
        case .unknown(let name): "there is no credential `\(name)`"
        case .noVariable(let name): "the variable \(name) is not set in the service's environment"
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .command(let program, let reason): "\(program): \(reason)"
        case .empty(let name): "the credential `\(name)` is empty"
        case .notALine(let name): "the credential `\(name)` is not one line of text of at most 16 KiB"
        }
    }
}
