import Agent
import JSON
import Models
import ProjectConfiguration
import Secrets
import Workspace

/// `models.yaml`: named models and the roles that they play.
///
/// ```yaml
/// models:
///   sonnet: {provider: anthropic, model: claude-sonnet-4-5, api_key_env: ANTHROPIC_API_KEY}
///   local:  {provider: openai, model: qwen, base_url: "http://127.0.0.1:8000/v1", context_window: 32768}
/// roles:
///   edit: [sonnet, local]
/// ```
/// Each role has an ordered list, or a lone name: the first model that can answers. The first of `edit` is the default;
/// without roles, the first model. Unknown keys and wrong types are errors that name the line.
public enum ModelsFile {
    /// A configuration file is small; anything larger is a mistake.
    private static let maximumBytes = 1 << 20
    /// More names than anyone tells apart.
    private static let maximumModels = 200
    /// More than any model reads; guards against nonsense.
    private static let maximumWindow = 100_000_000
    /// Dollars per million tokens; guards against prices for a token.
    private static let maximumPrice = 100_000.0

    /// - Parameter known: is told every key.
    /// - Throws: `ModelError.notConfigured` or `ConfigurationError` with the line.
    public static func load(
        _ path: String, environment: [String: String], known: KnownSecrets = KnownSecrets()
    ) throws -> ModelCatalog {
        guard let bytes = FileBytes.read(path, limit: maximumBytes) else {
            throw ModelError.notConfigured("\(path) cannot be read.")
        }
        return try parse(bytes, file: path, environment: environment, known: known)
    }

    /// - Parameter file: the file's name, for error messages.
    static func parse(
        _ bytes: [UInt8], file: String, environment: [String: String], known: KnownSecrets = KnownSecrets()
    ) throws -> ModelCatalog {
        let (document, locations) = try YAMLDocument.json(from: bytes, file: file)
        let reader = ConfigurationReader(file: file, locations: locations)
        let root = YAMLPath()
        let members = try reader.object(document, at: root, keys: ["models", "roles"])
        guard let entries = members["models"]?.objectValue, !entries.isEmpty else {
            throw reader.error(at: root["models"], "a mapping `models` with at least one model is expected")
        }
        guard entries.count <= maximumModels else {
            throw reader.error(at: root["models"], "more than \(maximumModels) models")
        }
        var models: [RoutedModel] = []
        for (name, entry) in entries {
            let path = root["models"][name]
            _ = try reader.name(.string(name), at: path)
            models.append(try model(name, entry, at: path, reader, environment, known))
        }
        return ModelCatalog(models, roles: try roles(members["roles"] ?? .null, at: root["roles"], reader, models))
    }

    // MARK: Roles

    private static func roles(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, _ models: [RoutedModel]
    ) throws -> [ModelRole: [String]] {
        guard !value.isNull else { return [:] }
        let members = try reader.object(value, at: path, keys: ModelRole.allCases.map(\.rawValue))
        var roles: [ModelRole: [String]] = [:]
        for role in ModelRole.allCases {
            guard let list = members[role.rawValue] else { continue }
            let place = path[role.rawValue]
            let names: [(String, YAMLPath)]
            if let lone = list.stringValue {
                names = [(lone, place)]
            } else {
                names = try reader.array(list, at: place, most: maximumModels).enumerated().map { index, name in
                    (try reader.name(name, at: place[index]), place[index])
                }
            }
            guard !names.isEmpty else { throw reader.error(at: place, "\(place) is an empty list") }
            for (position, (name, place)) in names.enumerated() {
                guard let model = models.first(where: { $0.name == name })?.model else {
                    throw reader.error(at: place, "`\(name)` is no model of this file")
                }
                guard !names[..<position].contains(where: { $0.0 == name }) else {
                    throw reader.error(at: place, "`\(name)` is in the list already")
                }
                guard model.capabilities.tools || !role.isLoop else {
                    throw reader.error(at: place, "`\(name)` calls no tools, which the role \(role.rawValue) needs")
                }
            }
            roles[role] = names.map(\.0)
        }
        return roles
    }

    // MARK: Models

    private static let ownKeys = ["context_window", "prices", "capabilities", "api_key_command"]

    private static func model(
        _ name: String, _ entry: JSON, at path: YAMLPath, _ reader: ConfigurationReader,
        _ environment: [String: String], _ known: KnownSecrets
    ) throws -> RoutedModel {
        let members = try reader.object(entry, at: path, keys: ModelProviders.entryKeys.sorted() + ownKeys)
        let command = try members["api_key_command"].map { try keyCommand($0, at: path["api_key_command"], reader) }
        if command != nil, let other = ["api_key_env", "api_key_file"].first(where: { members[$0] != nil }) {
            throw reader.error(at: path[other], "\(path) has both api_key_command and \(other)")
        }
        var rest = JSONObject()
        for (key, value) in members where !ownKeys.contains(key) { rest[key] = value }
        do {
            let settings = try ModelProviders.settings(
                from: .object(rest), environment: environment)
            known.add(settings.secrets)
            let named = NamedModel(
                name: name, settings: settings,
                contextWindow: try members["context_window"].map {
                    try reader.integer($0, at: path["context_window"], within: 1...maximumWindow)
                },
                prices: try members["prices"].map { try prices($0, at: path["prices"], reader) },
                capabilities: try members["capabilities"].map {
                    try capabilities($0, at: path["capabilities"], reader)
                } ?? ModelCapabilities())
            let provider =
                if let command {
                    try ModelProviders.make(settings, keys: CommandKey(command, known: known), known: known)
                } else {
                    try ModelProviders.make(settings, known: known)
                }
            return RoutedModel(named, provider: provider)
        } catch ModelError.notConfigured(let advice) {
            throw reader.error(at: path, "model `\(name)`: \(advice)")
        }
    }

    private static func keyCommand(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws -> [String] {
        guard value.arrayValue != nil else {
            throw reader.error(at: path, "\(path) must be a list of words; no shell reads it")
        }
        let words = try reader.command(value, at: path)
        guard words[0].hasPrefix("/") else {
            throw reader.error(at: path, "\(path) must begin with the program's absolute path")
        }
        return words
    }

    private static func prices(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws -> ModelPrices {
        let members = try reader.object(value, at: path, keys: ["input", "output", "cache_read", "cache_write"])
        func price(_ key: String) throws -> Int? {
            guard let value = members[key] else { return nil }
            guard let dollars = value.doubleValue, (0...maximumPrice).contains(dollars) else {
                throw reader.error(
                    at: path[key], "\(path[key]) must be a number of dollars per million tokens, from 0 to 100000")
            }
            return Int((dollars * 1_000_000).rounded())
        }
        guard let input = try price("input"), let output = try price("output") else {
            throw reader.error(at: path, "\(path) needs input and output, in dollars per million tokens")
        }
        return ModelPrices(
            input: input, output: output, cacheRead: try price("cache_read") ?? input,
            cacheWrite: try price("cache_write") ?? input)
    }

    private static func capabilities(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> ModelCapabilities {
        let members = try reader.object(value, at: path, keys: ["images", "tools", "reasoning"])
        func flag(_ key: String) throws -> Bool {
            try members[key].map { try reader.bool($0, at: path[key]) } ?? true
        }
        return ModelCapabilities(
            images: try flag("images"), tools: try flag("tools"), reasoning: try flag("reasoning"))
    }
}
