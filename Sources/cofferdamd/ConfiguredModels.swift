import Agent
import Models
import Secrets
import Service

/// The models that environment and configuration name.
enum ConfiguredModels {
    /// - Parameter file: a `models.yaml`, which counts where the environment names no model; nil where there is none.
    static func load(_ environment: [String: String], file: String?, known: KnownSecrets) throws -> ModelCatalog {
        if let settings = try ModelProviders.settings(fromEnvironment: environment) {
            known.add(settings.secrets)
            let model = NamedModel(name: settings.model, settings: settings)
            return ModelCatalog([RoutedModel(model, provider: try ModelProviders.make(settings, known: known))])
        }
        return try file.map { try ModelsFile.load($0, environment: environment, known: known) } ?? ModelCatalog([])
    }
}
