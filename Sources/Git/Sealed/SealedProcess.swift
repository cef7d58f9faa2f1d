import Spawn
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One run of git. ``run()`` blocks; ``cancel()`` comes from anywhere.
final class SealedProcess: Sendable {
    private let arguments: [String]
    private let environment: [String: String]
    private let input: [UInt8]
    /// Where standard output goes instead of to the caller.
    private let output: Int32?
    private let limits: SealedGit.Limits
    private let secrets: [String]
    private let progress: (@Sendable (String) -> Void)?
    private let isCancelled = Atomic(false)

    /// Of what git said, for the error.
    private static let mostErrorBytes = 16 << 10
    private static let pollMilliseconds: Int32 = 50
    private static let grace = Duration.seconds(5)
    private static let programs = ["/usr/bin/git", "/usr/local/bin/git", "/bin/git"]

    init(
        arguments: [String], environment: [String: String], input: [UInt8], output: Int32?, limits: SealedGit.Limits,
        secrets: [String], progress: (@Sendable (String) -> Void)?
    ) {
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.output = output
        self.limits = limits
        self.secrets = secrets
        self.progress = progress
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    func run() throws -> [UInt8] {
        var stdin = try inputFile()
        defer { close(&stdin) }
        var output = try ends()
        defer { close(&output.read) }
        var errors = try ends()
        defer { close(&errors.read) }
        // Not where this program is, which may be in a repository. A group of its own, so that all that it starts can be
        // ended.
        let start = ProgramStart(
            programs: Self.programs, arguments: ["git"] + arguments, environment: environment,
            descriptors: [stdin, self.output ?? output.write, errors.write], directory: "/", isSessionLeader: true)
        let pid: pid_t
        do {
            defer {
                close(&output.write)
                close(&errors.write)
            }
            pid = try start.start()
        } catch {
            throw SealedGitError.couldNotStart(String(cString: strerror(error.number)))
        }
        let collected = collect(pid, output.read, errors.read)
        let code = wait(for: pid)
        if let failure = collected.failure { throw failure }
        guard code & 0x7F == 0 else { throw SealedGitError.killed(signal: code & 0x7F) }
        guard code >> 8 & 0xFF == 0 else {
            throw SealedGitError.failed(exitCode: code >> 8 & 0xFF, text: cleaned(collected.errors))
        }
        return collected.output
    }

    // MARK: Starting

    /// A file without a name: a pipe could fill up while nobody reads.
    private func inputFile() throws(SealedGitError) -> Int32 {
        guard !input.isEmpty else {
            let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard null >= 0 else { throw .couldNotStart(String(cString: strerror(errno))) }
            return null
        }
        guard let file = tmpfile() else { throw .couldNotStart(String(cString: strerror(errno))) }
        defer { fclose(file) }
        let descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else { throw .couldNotStart(String(cString: strerror(errno))) }
        var rest = input[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = String(cString: strerror(errno))
                _ = systemClose(descriptor)
                throw .couldNotStart(reason)
            }
            rest = rest.dropFirst(count)
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }

    private func ends() throws(SealedGitError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .couldNotStart(String(cString: strerror(errno))) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    // MARK: Running

    private struct Collected {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var failure: (any Error)?
    }

    /// Reads until both ends are closed. Ends the process group when it is cancelled, takes too long or says too much.
    private func collect(_ pid: pid_t, _ output: Int32, _ errors: Int32) -> Collected {
        var collected = Collected()
        var line: [UInt8] = []
        var polled = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let deadline = ContinuousClock.now + limits.time
        var killAt: ContinuousClock.Instant?
        while polled[0].fd >= 0 || polled[1].fd >= 0 {
            if let at = killAt {
                if at <= .now {
                    kill(-pid, SIGKILL)
                    break
                }
            } else if let failure = failure(collected, deadline) {
                collected.failure = failure
                kill(-pid, SIGTERM)
                killAt = .now + Self.grace
            }
            guard poll(&polled, 2, Self.pollMilliseconds) > 0 else { continue }
            for index in 0..<2 where polled[index].fd >= 0 && polled[index].revents != 0 {
                let count = read(polled[index].fd, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    polled[index].fd = -1
                    continue
                }
                guard killAt == nil else { continue }
                if index == 0 {
                    collected.output += buffer[..<count]
                } else {
                    collected.errors += buffer[..<count]
                    if collected.errors.count > 2 * Self.mostErrorBytes {
                        collected.errors.removeFirst(collected.errors.count - Self.mostErrorBytes)
                    }
                    tell(buffer[..<count], &line)
                }
            }
        }
        return collected
    }

    private func failure(_ collected: Collected, _ deadline: ContinuousClock.Instant) -> (any Error)? {
        if isCancelled.load(ordering: .relaxed) { return CancellationError() }
        if collected.output.count > limits.output { return SealedGitError.tooMuchOutput(limit: limits.output) }
        return deadline < .now ? SealedGitError.timedOut(limits.time) : nil
    }

    private func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        // What it started and did not wait for.
        kill(-pid, SIGKILL)
        return status
    }

    // MARK: What it says

    private func tell(_ bytes: ArraySlice<UInt8>, _ line: inout [UInt8]) {
        guard let progress else { return }
        for byte in bytes {
            if byte == 0x0A || byte == 0x0D {
                let text = cleaned(line)
                if !text.isEmpty { progress(text) }
                line = []
            } else if line.count < 1024 {
                line.append(byte)
            }
        }
    }

    /// Without secrets, control characters and the lines that only count.
    private func cleaned(_ bytes: [UInt8]) -> String {
        var text = String(decoding: bytes, as: UTF8.self)
        for secret in secrets where !secret.isEmpty {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "<redacted>")
        }
        let lines = text.split(whereSeparator: { $0 == "\n" || $0 == "\r" || $0 == "\r\n" })
        let counted = lines.filter { !$0.contains("% (") || $0.hasPrefix("error") || $0.hasPrefix("fatal") }
        let kept = (counted.isEmpty ? lines : counted).suffix(20).joined(separator: "; ")
        let scalars = kept.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: " "
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars).suffix(4096))
    }

    private func close(_ descriptor: inout Int32) {
        if descriptor >= 0 { _ = systemClose(descriptor) }
        descriptor = -1
    }
}

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
