import JSON
import Secrets

extension ModelProviders {
    /// Every key of an entry that ``settings(from:environment:)`` reads.
    public static let entryKeys: Set<String> = [
        "provider", "model", "base_url", "api_key_env", "api_key_file", "max_output_tokens", "headers", "stream",
        "file", "match", "speed", "preset", "quirks", "thinking_budget", "reasoning_effort", "region", "profile",
        "command",
        "environment",
    ]
    /// A key file holds one short line.
    private static let maximumKeyFileBytes = 64 << 10
    /// More than any model offers; guards against nonsense.
    private static let maximumConfigurableTokens = 10_000_000

    /// Settings from one entry of a model configuration file: an object with `provider`, `model`, `base_url`,
    /// `api_key_env` or `api_key_file`, `max_output_tokens`, `headers` (of strings), `stream` and, for `replay`, `file`,
    /// `match` (`strict` or `lenient`) and `speed`.
    /// A key is never written in the entry itself; `api_key_env` defaults to the vendor's usual variable.
    ///
    /// `preset` and `quirks` tell in what the endpoint differs (``ModelQuirks``); `thinking_budget` and
    /// `reasoning_effort` how long the model is to think; `bedrock` takes `region` and `profile`, `command` the list
    /// `command` and the list `environment` of the variables that the program may see.
    /// - Throws: ``ModelError/notConfigured(_:)`` naming the key that is wrong. Unknown keys are errors.
    public static func settings(from entry: JSON, environment: [String: String]) throws -> ModelSettings {
        guard let object = entry.objectValue else {
            throw ModelError.notConfigured("A model entry must be a map with provider and model.")
        }
        for (key, _) in object where !entryKeys.contains(key) {
            throw ModelError.notConfigured(
                "Unknown key '\(key)' in a model entry; known are \(entryKeys.sorted().joined(separator: ", ")).")
        }
        guard let providerName = try string("provider", in: entry) else {
            throw ModelError.notConfigured("A model entry needs the key provider.")
        }
        guard let provider = ModelSettings.Provider(rawValue: providerName) else {
            let known = ModelSettings.Provider.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelError.notConfigured("Unknown provider '\(providerName)'; known are \(known).")
        }
        if provider == .replay {
            guard let file = try string("file", in: entry) else {
                throw ModelError.notConfigured("A model entry of provider replay needs the key file.")
            }
            var settings = ModelSettings(
                provider: .replay, model: try string("model", in: entry) ?? fileName(file), replayFile: file)
            settings.replay = try replayOptions(entry)
            return settings
        }
        if provider == .command { return try commandSettings(entry, environment: environment) }
        guard let model = try string("model", in: entry) else {
            throw ModelError.notConfigured("A model entry needs the key model.")
        }
        var settings = ModelSettings(provider: provider, model: model, baseURL: try string("base_url", in: entry))
        settings.apiKey = try apiKey(of: entry, provider: provider, environment: environment)
        if let tokens = entry["max_output_tokens"] {
            guard let count = tokens.intValue, (1...maximumConfigurableTokens).contains(count) else {
                throw ModelError.notConfigured("max_output_tokens must be a positive whole number.")
            }
            settings.maximumOutputTokens = count
        }
        if let name = try string("preset", in: entry) { settings.quirks = ModelQuirks(try preset(name)) }
        settings.quirks = try ModelQuirks(json: entry["quirks"], over: settings.quirks)
        if let budget = entry["thinking_budget"] {
            guard let count = budget.intValue, (1...maximumConfigurableTokens).contains(count) else {
                throw ModelError.notConfigured("thinking_budget must be a positive whole number.")
            }
            settings.thinkingBudget = count
        }
        settings.reasoningEffort = try string("reasoning_effort", in: entry)
        if provider == .bedrock {
            settings.aws = try AWSAccess.fromEnvironment(
                environment, region: try string("region", in: entry), profile: try string("profile", in: entry),
                needsKeys: settings.apiKey == nil)
        }
        settings.headers = try headers(of: entry)
        if let stream = entry["stream"] {
            guard let flag = stream.boolValue else { throw ModelError.notConfigured("'stream' must be true or false.") }
            settings.streams = flag
        }
        return settings
    }

    private static func replayOptions(_ entry: JSON) throws -> TrafficPlayer.Options {
        var options = TrafficPlayer.Options()
        if let name = try string("match", in: entry) {
            guard let match = TrafficPlayer.Match(rawValue: name) else {
                throw ModelError.notConfigured("'match' in a model entry must be strict or lenient.")
            }
            options.match = match
        }
        if let value = entry["speed"], !value.isNull {
            guard let speed = value.doubleValue, TrafficLimits.speeds.contains(speed) else {
                throw ModelError.notConfigured("'speed' in a model entry must be a number from 0.01 to 1000.")
            }
            options.speed = speed
        }
        return options
    }

    private static func commandSettings(_ entry: JSON, environment: [String: String]) throws -> ModelSettings {
        let words = try strings("command", in: entry)
        guard let program = words.first, !program.isEmpty else {
            throw ModelError.notConfigured("A model entry of provider command needs the key command, a list of texts.")
        }
        var settings = ModelSettings(provider: .command, model: try string("model", in: entry) ?? fileName(program))
        var variables: [String: SecretString] = [:]
        for name in try strings("environment", in: entry) {
            variables[name] = environment[name].map(SecretString.init)
        }
        settings.command = ModelCommand(arguments: words, environment: variables)
        settings.quirks = try ModelQuirks(json: entry["quirks"], over: settings.quirks)
        return settings
    }

    private static func strings(_ key: String, in entry: JSON) throws -> [String] {
        guard let value = entry[key], !value.isNull else { return [] }
        guard let texts = value.arrayValue?.map(\.stringValue), !texts.contains(nil) else {
            throw ModelError.notConfigured("'\(key)' in a model entry must be a list of texts.")
        }
        return texts.compactMap { $0 }
    }

    private static func string(_ key: String, in entry: JSON) throws -> String? {
        guard let value = entry[key], !value.isNull else { return nil }
        guard let text = value.stringValue, !text.isEmpty else {
            throw ModelError.notConfigured("'\(key)' in a model entry must be a text that is not empty.")
        }
        return text
    }

    private static func apiKey(
        of entry: JSON, provider: ModelSettings.Provider, environment: [String: String]
    ) throws -> SecretString? {
        if let path = try string("api_key_file", in: entry) {
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try SmallFile.read(path, maximumBytes: maximumKeyFileBytes)
            } catch {
                throw ModelError.notConfigured("The key file \(path) cannot be read: \(error.reason).")
            }
            guard let text = String(validating: bytes, as: UTF8.self), !trimmed(text).isEmpty else {
                throw ModelError.notConfigured("The key file \(path) holds no key.")
            }
            return SecretString(trimmed(text))
        }
        let named = try string("api_key_env", in: entry)
        for variable in named.map({ [$0] }) ?? keyVariables(of: provider) {
            if let key = environment[variable].map(trimmed), !key.isEmpty { return SecretString(key) }
        }
        if let named {
            throw ModelError.notConfigured("The environment variable \(named), named by api_key_env, is not set.")
        }
        return nil
    }

    private static func headers(of entry: JSON) throws -> [ModelSettings.Header] {
        guard let value = entry["headers"], !value.isNull else { return [] }
        guard let object = value.objectValue else {
            throw ModelError.notConfigured("'headers' in a model entry must be a map of texts.")
        }
        return try object.map { name, value in
            guard let text = value.stringValue else {
                throw ModelError.notConfigured("The header '\(name)' of a model entry must be a text.")
            }
            return ModelSettings.Header(name: name, value: SecretString(text))
        }
    }
}
