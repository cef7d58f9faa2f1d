import Agent
import JSON
import Models
import ProjectConfiguration
import Workspace

/// `models.yaml`: named models and the roles that they play.
///
/// ```yaml
/// models:
///   sonnet: {provider: anthropic, model: claude-sonnet-4-5, api_key_env: ANTHROPIC_API_KEY}
///   local:  {provider: openai, model: qwen, base_url: "http://127.0.0.1:8000/v1"}
/// roles:
///   edit: [sonnet]
/// ```
/// The first model of the role `edit` is the default; without roles, the first model.
public enum ModelsFile {
    /// A configuration file is small; anything larger is a mistake.
    private static let maximumBytes = 1 << 20

    /// - Throws: `ModelError.notConfigured` or `ConfigurationError` with the line.
    public static func load(_ path: String, environment: [String: String]) throws -> ModelCatalog {
        guard let bytes = FileBytes.read(path, limit: maximumBytes) else {
            throw ModelError.notConfigured("\(path) cannot be read.")
        }
        return try catalog(try YAMLDocument.json(from: bytes, file: path).0, file: path, environment: environment)
    }

    static func catalog(_ json: JSON, file: String, environment: [String: String]) throws -> ModelCatalog {
        guard let root = json.objectValue, let models = json["models"]?.objectValue else {
            throw ModelError.notConfigured("\(file): a mapping `models` is expected.")
        }
        for (key, _) in root where key != "models" && key != "roles" {
            throw ModelError.notConfigured("\(file): unknown key `\(key)`; known are models and roles.")
        }
        var routed: [RoutedModel] = []
        for (name, entry) in models {
            let settings: ModelSettings
            do { settings = try ModelProviders.settings(from: entry, environment: environment) } catch {
                throw ModelError.notConfigured("\(file): model `\(name)`: \(error)")
            }
            routed.append(
                RoutedModel(NamedModel(name: name, settings: settings), provider: try ModelProviders.make(settings)))
        }
        var roles: [ModelRole: [String]] = [:]
        for (key, names) in json["roles"]?.objectValue ?? JSONObject() {
            guard let role = ModelRole(rawValue: key) else {
                throw ModelError.notConfigured("\(file): unknown role `\(key)`.")
            }
            guard let names = names.arrayValue?.compactMap(\.stringValue), !names.isEmpty else {
                throw ModelError.notConfigured("\(file): role `\(key)` needs a list of models.")
            }
            for name in names where models[name] == nil {
                throw ModelError.notConfigured("\(file): role `\(key)` names `\(name)`, which is no model.")
            }
            roles[role] = names
        }
        return ModelCatalog(routed, roles: roles)
    }
}
