import Agent
import Models
import Policy
import Sandbox
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

    var models: ModelCatalog
    if let settings = try ModelProviders.settings(fromEnvironment: environment) {
        models = ModelCatalog([(settings.model, try ModelProviders.make(settings))])
    } else if let file = configuration.modelsFile ?? usual("models.yaml") {
        models = try ModelsFile.load(file, environment: environment)
    } else {
        models = ModelCatalog([])
    }
    if let first = models.names.first {
        log.info("models", ["default": first])
    } else {
        log.warning("no model is configured; sessions will be refused")
    }

    var layers = [PolicyLayer.builtIn()]
    if let file = configuration.policyFile { layers.append(PolicyFile.layer(name: "organisation", path: file)) }
    if let file = usual("policy.yaml") { layers.append(PolicyFile.layer(name: "user", path: file)) }
    for layer in layers where layer.failure != nil {
        log.error("policy layer denies everything", ["layer": layer.name, "reason": layer.failure ?? ""])
    }
    return try await SessionManager(
        configuration: SessionManagerConfiguration(
            stateDirectory: configuration.stateDirectory, models: models, driver: LocalDriver(),
            policyLayers: layers, limits: AgentLimits(environment: environment)))
}
