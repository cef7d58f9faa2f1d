import AgentProtocol
import Diagnostics
import Policy
import ProjectConfiguration
import Sandbox
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension AgentSession {
    static let configurationFile = ProjectConfigurationLoader.fileName
    /// Instructions of a repository beyond this are cut.
    private static let maximumInstructions = 16 << 10

    /// Snapshot, configuration, policy, sandbox, baseline. A failure ends the session with its reason.
    func boot() async {
        if let fork { return await boot(from: fork) }
        var sandbox: (any Sandbox)?
        do {
            let folder = configuration.workspaceFolder
            let overlays = Dictionary(
                (configuration.start.documents ?? []).map { ($0.path, Array($0.text.utf8)) }
            ) { _, last in last }
            let snapshot = try await takeBase(overlays)
            async let origin: Void = prepareRepository(snapshot)
            let project = try projectConfiguration(snapshot)
            let plan = try checkPlan(project, snapshot)
            try Task.checkCancellation()
            let layers = policyLayers(project)
            try await openNetwork(EffectivePolicy(layers: layers))
            let spec = SandboxSpec(
                id: configuration.sessionId, workspacePath: folder, base: snapshot.base,
                stateDirectory: configuration.stateDirectory, environment: project.environment,
                maximumTemporaryBytes: configuration.temporaryBytes ?? SandboxSpec.defaultTemporaryBytes,
                limits: configuration.resources.lowered(by: project.limits)
            ).joined(to: network)
            let prepared = try await prepareEnvironment(for: spec, project, snapshot)
            let made = try await makeSandbox(prepared)
            sandbox = made
            try await joinNetwork(made)
            let checks = try await plan.checks(in: made)
            await origin
            let frozen = try await freeze(prepared, layers, snapshot, project, checks)
            let ready = assemble(made, snapshot, frozen)
            try await finishBoot(ready, leftOut: snapshot.leftOut, notes: plan.notes)
            await booted(ready)
        } catch {
            await sandbox?.stop()
            await configuration.prepared?.sandbox.stop()
            await booted(nil)
            let reason = error is CancellationError ? "cancelled while it was starting" : "\(error)"
            await stop(reason: reason, state: error is CancellationError ? .stopped : .failed)
        }
    }

    /// Baseline and first state; what a later service needs not do again.
    func finishBoot(_ ready: Ready, leftOut: [String], notes: [String] = []) async throws {
        try await runBaseline(ready)
        try Task.checkCancellation()
        hasBooted = true
        try await log.keep(try sessionChanges() + [.gone(KeptKey.round)])
        let reasons = notes + (leftOut.isEmpty ? [] : ["left out of the sandbox: \(leftOut.joined(separator: "; "))"])
        await takeStep(of: ready)
        await setState(.running, reason: reasons.isEmpty ? nil : reasons.joined(separator: "; "))
    }

    /// Every layer, the repository's last; one that cannot be read denies everything.
    private func policyLayers(_ project: ProjectConfiguration) -> [PolicyLayer] {
        var layers = configuration.policyLayers
        if let policy = project.policy {
            do {
                layers.append(try PolicyLayer(name: "repository", json: policy))
            } catch {
                layers.append(.failed(name: "repository", reason: "\(Self.configurationFile): \(error)"))
            }
        }
        return layers
    }

    /// From here on neither the policy nor the checks nor the sandbox's shape change, whatever the service is started
    /// with later.
    private func freeze(
        _ spec: SandboxSpec, _ layers: [PolicyLayer], _ snapshot: WorkspaceSnapshot, _ project: ProjectConfiguration,
        _ checks: [CheckDefinition]
    ) async throws -> KeptFrozen {
        let mode = configuration.start.mode ?? .edit
        let frozen = KeptFrozen(
            spec: spec, policyLayers: layers, checks: mode == .plan ? [] : checks,
            systemPrompt: SystemPrompt.text(
                workspace: configuration.workspaceFolder, mode: mode, checks: checks,
                instructions: instructions(project, snapshot), reachable: await reachable()),
            treeHash: snapshot.treeHash, leftOut: snapshot.leftOut, limits: project.limits)
        let directory = configuration.stateDirectory
        try await Background.run {
            guard snapshot.writeManifest(Self.manifest(directory)) else {
                throw AgentError.configuration(
                    "cannot write \(Self.manifest(directory)): \(String(cString: strerror(errno)))")
            }
        }
        try await log.keep([.value(KeptKey.frozen, frozen)])
        return frozen
    }

    func assemble(_ sandbox: any Sandbox, _ snapshot: WorkspaceSnapshot, _ frozen: KeptFrozen) -> Ready {
        let limits = configuration.limits.lowered(by: frozen.limits)
        let folder = configuration.workspaceFolder
        let changes = ChangeTracker(
            snapshot: snapshot, sandbox: sandbox, rules: configuration.source == nil ? .folder(folder) : .snapshot,
            maximumFileBytes: limits.resultFileBytes, log: log, resumption: resumption)
        let runner = CommandRunner(
            sandbox: sandbox, log: log, limits: limits, resumption: resumption, secrets: configuration.secrets)
        let background = BackgroundCommands(runner: runner, changes: changes)
        let context = ToolContext(
            workspace: folder, sandbox: sandbox, log: log, runner: runner, changes: changes, background: background,
            limits: limits, resumption: resumption,
            readsImages: { [models, loopRole] in await models.readsImages(loopRole) })
        return Ready(
            sandbox: sandbox, snapshot: snapshot, changes: changes,
            checks: CheckRunner(
                checks: frozen.checks, runner: runner, changes: changes, workspace: folder, limits: limits,
                cache: configuration.baselines.map {
                    BaselineCache(
                        store: $0, user: configuration.user, spec: frozen.spec, secrets: configuration.secrets)
                }, resumption: resumption, isDisturbed: { await background.isRunning }),
            policy: EffectivePolicy(layers: frozen.policyLayers),
            tools: ToolBox(mode: configuration.start.mode ?? .edit), context: context,
            systemPrompt: frozen.systemPrompt, background: background, frozen: frozen)
    }

    /// What the checks say of the untouched tree: the model starts with it, and later runs are compared with it.
    private func runBaseline(_ ready: Ready) async throws {
        let round = try await ready.checks.run(.baseline)
        if !round.report.isEmpty { pendingNotes.append("State of the checks before any change:\n\n\(round.report)") }
    }

    private func projectConfiguration(_ snapshot: WorkspaceSnapshot) throws -> ProjectConfiguration {
        let name = Self.configurationFile
        if let bytes = read(name, snapshot) { return try ProjectConfigurationLoader.load(yaml: bytes, file: name) }
        let path = "\(configuration.workspaceFolder)/\(name)"
        guard configuration.source == nil else { return ProjectConfiguration() }
        // Where git ignores it, it is in no snapshot.
        if snapshot.entries[name] == nil, let bytes = FileBytes.read(path, limit: ConfigurationLimits.fileBytes) {
            return try ProjectConfigurationLoader.load(yaml: bytes, file: name)
        }
        var status = stat()
        guard lstat(path, &status) == 0 || errno != ENOENT else { return ProjectConfiguration() }
        // What it denies must not be silently absent.
        throw AgentError.configuration(
            "\(name) cannot be read: it must be a regular file of at most \(ConfigurationLimits.fileBytes) bytes")
    }

    private func instructions(_ project: ProjectConfiguration, _ snapshot: WorkspaceSnapshot) -> String? {
        let files = [project.instructions, read("AGENTS.md", snapshot).map { String(decoding: $0, as: UTF8.self) }]
        let text = files.compactMap { $0 }.joined(separator: "\n\n")
        return text.isEmpty ? nil : HeadTailBuffer.capped(text, limit: Self.maximumInstructions)
    }

    /// A regular file of the snapshot; never through a link.
    func read(_ path: String, _ snapshot: WorkspaceSnapshot) -> [UInt8]? {
        guard let entry = snapshot.entries[path], entry.mode != .symbolicLink else { return nil }
        return FileBytes.read("\(snapshot.base)/\(path)", limit: ConfigurationLimits.fileBytes)
    }
}
