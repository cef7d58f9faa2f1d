import AgentProtocol
import Environments
import ProjectConfiguration
import Sandbox
import Store
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension AgentSession {
    /// Bytes of a failed setup command's output that the reason of the session's end shows.
    private static let shownOutput = 4 << 10
    /// How long a sandbox that only runs setup steps outlives its service: nobody comes back for it.
    private static let setupOrphanGrace = Duration.seconds(30)

    /// State of the sandbox that runs the setup steps.
    static func setupDirectory(_ stateDirectory: String) -> String { "\(stateDirectory)/setup" }

    /// Root file system and setup steps, each made once and kept for later sessions.
    ///
    /// - Returns: `spec` with what the environment adds.
    func prepareEnvironment(
        for spec: SandboxSpec, _ project: ProjectConfiguration, _ snapshot: WorkspaceSnapshot
    ) async throws -> SandboxSpec {
        var spec = spec
        spec.repositoryVariables = project.environment.keys.sorted()
        let plan = try EnvironmentPlan(
            project: project, catalog: configuration.environments?.catalog ?? EnvironmentCatalog()
        ) {
            try devContainer(snapshot)
        }
        guard let store = configuration.environments else {
            guard plan.steps.isEmpty else {
                throw AgentError.configuration("this service keeps no environments, so setup steps cannot run")
            }
            return spec
        }
        let log = log
        let preparer = EnvironmentPreparer(
            store: store, plan: plan, variables: project.environment, snapshot: snapshot,
            holdsUnsavedText: !(configuration.start.documents ?? []).isEmpty,
            holder: configuration.stateDirectory, emit: { try await log.append($0) })
        return try await preparer.prepare(spec) { [self] spec, steps, folder in
            try await runSetup(spec, steps, into: folder)
        }
    }

    private func devContainer(_ snapshot: WorkspaceSnapshot) throws -> DevContainer? {
        for path in DevContainer.paths {
            guard let entry = snapshot.entries[path] else { continue }
            guard entry.mode != .symbolicLink,
                let bytes = FileBytes.read("\(snapshot.base)/\(path)", limit: ConfigurationLimits.fileBytes)
            else { throw AgentError.configuration("\(path) cannot be read") }
            return try DevContainer(jsonc: bytes, file: path)
        }
        return nil
    }

    /// Runs the steps in a sandbox of their own and freezes what they made.
    private func runSetup(_ spec: SandboxSpec, _ steps: [[[String]]], into folder: String) async throws -> FrozenLayers
    {
        var spec = spec
        spec.id += "-setup"
        spec.stateDirectory = Self.setupDirectory(configuration.stateDirectory)
        spec.keepsHome = true
        spec.orphanGrace = Self.setupOrphanGrace
        let directory = spec.stateDirectory
        try await Background.run {
            try LocalDriver.discard(stateDirectory: directory)
            guard mkdir(directory, 0o700) == 0 else {
                throw AgentError.configuration("cannot make \(directory): \(String(cString: strerror(errno)))")
            }
        }
        let sandbox = try await configuration.driver.create(spec)
        do {
            if let network {
                network.serve(sandbox)
                try await network.enter(.setup)
            }
            let runner = CommandRunner(
                sandbox: sandbox, log: log, limits: configuration.limits, secrets: configuration.secrets)
            for (index, commands) in steps.enumerated() {
                try await run(commands, step: index + 1, of: steps.count, runner)
            }
            await sandbox.stop()
            let base = spec.base
            return try await Background.run {
                let frozen = try LocalDriver.freeze(stateDirectory: directory, base: base, into: folder)
                try LocalDriver.discard(stateDirectory: directory)
                return frozen
            }
        } catch {
            await sandbox.stop()
            try? await Background.run { try LocalDriver.discard(stateDirectory: directory) }
            throw error
        }
    }

    /// The commands of one step, at the same time. One that fails ends the others.
    private func run(_ commands: [[String]], step: Int, of steps: Int, _ runner: CommandRunner) async throws {
        let timeout = Duration.seconds(configuration.limits.setupSeconds)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for command in commands {
                let itemId = newItem("setup")
                group.addTask {
                    let log = runner.log
                    try await log.append(
                        .setupStarted(SetupStarted(itemId: itemId, command: command, step: step, steps: steps)))
                    let outcome = try await runner.run(
                        ExecRequest(arguments: command, timeout: timeout), itemId: itemId)
                    try await log.append(
                        .setupCompleted(SetupCompleted(itemId: itemId, result: outcome.result)),
                        keeping: [.gone(KeptKey.exec(itemId)), .gone(KeptKey.output(itemId))])
                    guard outcome.result.succeeded else {
                        throw EnvironmentError.setupFailed(
                            command: ShellQuoting.join(command), result: outcome.result.summary,
                            output: Self.tail(outcome))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The end of what a command said: standard error last, as it says why.
    private static func tail(_ outcome: CommandRunner.Outcome) -> String {
        let text = [outcome.stdout, outcome.stderr].map { $0.trimmingSpace() }.filter { !$0.isEmpty }
            .joined(separator: "\n")
        guard text.utf8.count > shownOutput else { return text }
        return "…" + String(decoding: text.utf8.suffix(shownOutput), as: UTF8.self)
    }
}

extension String {
    fileprivate func trimmingSpace() -> String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
