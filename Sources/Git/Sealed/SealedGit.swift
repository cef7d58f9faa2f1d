import Dispatch
import Secrets
import Synchronization

/// The system's `git` without any configuration, hook, helper, prompt or environment but what is given here: for what libgit2
/// does not do (fetching with `ssh`, pushing, bundles, signed commits).
///
/// Arguments come from code; names and addresses that others chose must be validated before, and stand behind `--` where git
/// takes it. Secrets are never arguments.
public struct SealedGit: Sendable {
    /// What one command may take.
    public struct Limits: Sendable {
        /// Bytes of standard output; more is an error.
        public var output = 64 << 20
        public var time = Duration.seconds(1800)

        public init() {}
    }

    /// Absolute path of a git directory that belongs to the service; nil: none is needed.
    public var repository: String?
    public var access: SealedAccess
    public var limits: Limits
    /// More settings, as `git -c` takes them; they come last.
    public var settings: [(key: String, value: String)]

    public init(
        repository: String?, access: SealedAccess = SealedAccess(), limits: Limits = Limits(),
        settings: [(key: String, value: String)] = []
    ) {
        self.repository = repository
        self.access = access
        self.limits = limits
        self.settings = settings
    }

    /// Runs a command and waits for its end. When the task is cancelled, git and what it started get SIGTERM and then
    /// SIGKILL.
    /// - Parameters:
    ///   - arguments: from the name of git's command on.
    ///   - environment: more variables, such as `GIT_AUTHOR_NAME`.
    ///   - progress: told each line of standard error while it runs, cleaned for a screen.
    /// - Returns: standard output.
    /// - Throws: ``SealedGitError``; `CancellationError`.
    public func run(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:],
        progress: (@Sendable (String) -> Void)? = nil
    ) async throws -> [UInt8] {
        let process = process(arguments, input, environment, output: nil, progress)
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                Self.queue.async { continuation.resume(with: Result { try process.run() }) }
            }
        } onCancel: {
            process.cancel()
        }
    }

    /// The same on the thread that calls it, with standard output into an open file.
    /// - Throws: ``SealedGitError``.
    public func runBlocking(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:], output: Int32
    ) throws {
        _ = try process(arguments, input, environment, output: output, nil).run()
    }

    private func process(
        _ arguments: [String], _ input: [UInt8], _ environment: [String: String], output: Int32?,
        _ progress: (@Sendable (String) -> Void)?
    ) -> SealedProcess {
        SealedProcess(
            arguments: arguments, environment: variables(environment), input: input, output: output, limits: limits,
            secrets: access.secrets, progress: progress)
    }

    private static let queue = DispatchQueue(label: "cofferdam.git", attributes: .concurrent)

    private func variables(_ more: [String: String]) -> [String: String] {
        var variables = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_ATTR_NOSYSTEM": "1",
            // It says nothing, and git then that authentication failed, rather than whom it could not ask.
            "GIT_ASKPASS": "/bin/true", "SSH_ASKPASS": "/bin/false", "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_ALLOW_PROTOCOL": access.protocols.joined(separator: ":"), "GIT_SSH_VARIANT": "ssh",
            "GIT_SSH_COMMAND": access.sshCommand,
        ]
        variables["GIT_DIR"] = repository
        variables.merge(more) { $1 }
        let settings = Self.sealing + access.settings + settings
        variables["GIT_CONFIG_COUNT"] = "\(settings.count)"
        for (index, (key, value)) in settings.enumerated() {
            variables["GIT_CONFIG_KEY_\(index)"] = key
            variables["GIT_CONFIG_VALUE_\(index)"] = value
        }
        return variables
    }

    /// Nothing is run, asked or fetched beside what was called for, from no other host than the one that was named; objects
    /// are checked as they come.
    private static let sealing: [(key: String, value: String)] =
        [
            ("core.hooksPath", "/dev/null"), ("core.fsmonitor", "false"), ("core.attributesFile", "/dev/null"),
            ("core.excludesFile", "/dev/null"), ("core.askPass", "/bin/true"), ("credential.helper", ""),
            ("safe.directory", "*"), ("submodule.recurse", "false"), ("fetch.recurseSubmodules", "false"),
            ("push.recurseSubmodules", "no"), ("gc.auto", "0"), ("maintenance.auto", "false"),
            ("fetch.unpackLimit", "1"), ("transfer.fsckObjects", "true"), ("commit.gpgSign", "false"),
            ("tag.gpgSign", "false"), ("push.gpgSign", "false"), ("pack.threads", "1"), ("protocol.version", "2"),
            ("http.followRedirects", "false"),
            ("http.lowSpeedLimit", "1000"), ("http.lowSpeedTime", "60"), ("advice.detachedHead", "false"),
        ]
        // Old flaws that many histories have and nobody can mend: they lead nowhere.
        + [
            "zeroPaddedFilemode", "badTimezone", "missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate",
            "missingSpaceBeforeEmail", "badDate", "badName", "nullSha1", "badFilemode",
        ].map { ("fetch.fsck.\($0)", "ignore") }
}
