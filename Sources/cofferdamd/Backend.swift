import Agent
import Environments
import Models
import Policy
import Sandbox
import Secrets
import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes the sessions' backend: models, policy and sandbox driver from the configuration and the environment.
let makeBackend: ServiceProcess.BackendFactory = { configuration, log in
    let environment = Environment.current
    let files = environment["XDG_CONFIG_HOME"] ?? (environment["HOME"] ?? "") + "/.config"
    let usual = { (name: String) -> String? in
        let path = "\(files)/cofferdam/\(name)"
        return access(path, F_OK) == 0 ? path : nil
    }

    let models = try ConfiguredModels.load(
        environment, file: configuration.modelsFile ?? usual("models.yaml"), known: configuration.secrets)
    if let first = models.names.first {
        log.info("models", ["default": first])
    } else {
        log.warning("no model is configured; sessions will be refused")
    }

    let file = try configuration.serviceFile.map { try ServiceFile.load($0) } ?? ServiceFile()
    // What a service before this one left empty; what still runs is for the sessions that it belongs to.
    CgroupLease.sweep(placement: file.limits.cgroup)
    var layers = [file.builtInLayer]
    if let file = configuration.policyFile { layers.append(PolicyFile.layer(name: "organisation", path: file)) }
    if let file = usual("policy.yaml") { layers.append(PolicyFile.layer(name: "user", path: file)) }
    for layer in layers where layer.failure != nil {
        log.error("policy layer denies everything", ["layer": layer.name, "reason": layer.failure ?? ""])
    }
    let driver = LocalDriver(
        require: file.require.names, cgroup: file.limits.cgroup,
        copies: environment["COFFERDAM_COPY_WORKSPACES"] == "1")
    try driver.checkRequired()
    var sessions = SessionManagerConfiguration(
        stateDirectory: configuration.stateDirectory, models: models, driver: driver,
        policyLayers: layers, limits: file.limits.applied(to: AgentLimits(environment: environment)))
    sessions.log = log
    sessions.secrets = configuration.secrets
    sessions.resources = file.limits.resources
    sessions.temporaryBytes = file.limits.temporaryBytes
    sessions.concurrency = file.concurrency
    sessions.warmPool = file.warmPool
    sessions.retention = file.retention
    sessions.afterPush = file.afterPush
    sessions.budgets = file.budgets
    sessions.recording = file.recording
    sessions.checks = file.checks
    sessions.userEnvironment = environment
    sessions.environments = try environments(file.environments, configuration.stateDirectory)
    sessions.network = await network(file, environment, configuration.secrets, log)
    sessions.publish = file.publish
    sessions.remotes = await remotes(file.remotes, environment, configuration.secrets, log)
    return try await SessionManager(configuration: sessions)
}

/// The environments of the service's file, kept beside its sessions.
private func environments(_ settings: ServiceEnvironments, _ stateDirectory: String) throws -> EnvironmentStore {
    guard DirectoryMaker.make(stateDirectory) else {
        throw EnvironmentError.store(path: stateDirectory, reason: String(cString: strerror(errno)))
    }
    return try EnvironmentStore(
        directory: stateDirectory + "/environments", catalog: settings.catalog, budgetBytes: settings.storeBytes)
}

/// The sandboxes' way out; nil when the service's file grants none.
private func network(
    _ file: ServiceFile, _ environment: [String: String], _ secrets: KnownSecrets, _ log: Log
) async -> GatewayNetworkProvider? {
    guard !file.egress.isEmpty || file.modelGateway.limits != nil else { return nil }
    let provider = GatewayNetworkProvider(
        file.egress, environment: environment, modelGateway: file.modelGateway.limits, known: secrets)
    for (name, reason) in await provider.credentialProblems().sorted(by: { $0.key < $1.key }) {
        log.warning("a credential for the network cannot be had", ["credential": name, "reason": reason])
    }
    return provider
}

/// The way to remote repositories; nil when the service's file allows none.
private func remotes(
    _ rules: RemoteRules, _ environment: [String: String], _ secrets: KnownSecrets, _ log: Log
) async -> GitRemoteAccess? {
    guard !rules.rules.isEmpty else { return nil }
    let access = GitRemoteAccess(rules, environment: environment, known: secrets)
    for (name, reason) in await access.credentialProblems().sorted(by: { $0.key < $1.key }) {
        log.warning("a credential for remotes cannot be had", ["credential": name, "reason": reason])
    }
    return access
}
