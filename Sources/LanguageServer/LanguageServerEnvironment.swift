import ServiceClient

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the language server needs of the machine. Nothing in it is used before `initialize` is answered.
public struct LanguageServerEnvironment: Sendable {
    /// Version of this program, for `serverInfo`.
    public var version: String
    /// Folder for transcripts; made when the first is written.
    public var stateDirectory: String
    public var files: any FileAccess
    /// For pacing progress reports.
    public var clock: any Clock<Duration>
    /// Returns when the process has ended; at once when there is none.
    public var waitForProcessExit: @Sendable (_ processID: Int) async -> Void
    /// Starts the program that works on users' repositories; nil: commits of sessions are not brought there.
    public var startGitWorker: (@Sendable () throws -> any GitWorking)?
    /// Told in one line about what goes wrong without the editor's knowing: never standard output.
    public var log: @Sendable (String) -> Void

    public init(
        version: String,
        stateDirectory: String,
        files: any FileAccess = PosixFileAccess(),
        clock: any Clock<Duration> = ContinuousClock(),
        waitForProcessExit: @escaping @Sendable (_ processID: Int) async -> Void = Self.pollForExit,
        startGitWorker: (@Sendable () throws -> any GitWorking)? = nil,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.version = version
        self.stateDirectory = stateDirectory
        self.files = files
        self.clock = clock
        self.waitForProcessExit = waitForProcessExit
        self.startGitWorker = startGitWorker
        self.log = log
    }

    /// Looks every few seconds whether the process is there; standard input usually ends first.
    public static let pollForExit: @Sendable (Int) async -> Void = { processID in
        guard let pid = pid_t(exactly: processID), pid > 0 else { return }
        // EPERM: it is there and someone else's.
        while kill(pid, 0) == 0 || errno == EPERM {
            guard (try? await Task.sleep(for: .seconds(3))) != nil else { return }
        }
    }
}
