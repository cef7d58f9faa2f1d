import JSON

/// In what an endpoint differs from others that speak the same API. All of it is data: a `models.yaml` names a preset
/// and changes what does not fit.
public struct ModelQuirks: Sendable, Equatable {
    /// The field of the bound on output tokens; nil for an endpoint that takes none.
    public var tokenLimitField: String? = "max_tokens"
    /// Whether `stream_options` may ask for the usage.
    public var usageInStream = true
    /// Role of the system prompt: `system` or `developer`.
    public var systemRole = "system"
    /// Whether the request says `parallel_tool_calls`; nil for endpoints that do not know it.
    public var parallelToolCalls: Bool?
    /// Whether `prompt_cache_key` says which requests share a prefix.
    public var promptCacheKey = false
    /// Whether the request marks what the vendor is to cache, where the API has such marks; nil where the model's name
    /// decides.
    public var promptCache: Bool?
    /// Field of an assistant message in which earlier reasoning is sent back; nil for endpoints that refuse it.
    public var reasoningField: String?
    /// Whether reasoning is asked for in encrypted form, to be sent back. Models that do not reason refuse it.
    public var encryptedReasoning = true
    /// Header of the key; nil for `Authorization: Bearer`.
    public var keyHeader: String?
    /// Value of the query parameter `api-version`; with it the path names the deployment.
    public var apiVersion: String?
    /// Path under the base URL; nil for the API's own.
    public var path: String?
    /// Whether pictures may be sent. Without, a note says that there was one.
    public var images = true
    /// Members that every request body gets besides; they win.
    public var extraBody = JSONObject()

    public init() {}

    /// Endpoints that we know by name.
    public enum Preset: String, Sendable, CaseIterable {
        /// OpenAI's own.
        case openai
        /// Azure OpenAI: with `api_version` by deployment, without it the v1 API.
        case azure
        case vllm
        case llamacpp
        case ollama
        case openrouter
        case deepseek
    }

    public init(_ preset: Preset) {
        switch preset {
        case .openai:
            tokenLimitField = "max_completion_tokens"
            systemRole = "developer"
            parallelToolCalls = true
            promptCacheKey = true
        case .azure:
            tokenLimitField = "max_completion_tokens"
            systemRole = "developer"
            keyHeader = "api-key"
        case .vllm:
            parallelToolCalls = true
            reasoningField = "reasoning_content"
            encryptedReasoning = false
        case .llamacpp:
            parallelToolCalls = true
            reasoningField = "reasoning_content"
            encryptedReasoning = false
        case .ollama:
            reasoningField = "reasoning"
            encryptedReasoning = false
        case .openrouter:
            parallelToolCalls = true
            reasoningField = "reasoning"
            promptCache = true
        case .deepseek:
            reasoningField = "reasoning_content"
            images = false
        }
    }
}

extension ModelQuirks {
    /// The presets and what an entry's `quirks` change. Absent members stay.
    /// - Throws: ``ModelError/notConfigured(_:)`` naming what is wrong; unknown members are errors.
    init(json: JSON?, over preset: ModelQuirks) throws(ModelError) {
        self = preset
        guard let json, !json.isNull else { return }
        guard let object = json.objectValue else { throw .notConfigured("'quirks' must be a map.") }
        for (key, value) in object {
            switch key {
            case "token_limit_field": tokenLimitField = try Self.text(key, value)
            case "usage_in_stream": usageInStream = try Self.flag(key, value)
            case "system_role": systemRole = try Self.text(key, value) ?? "system"
            case "parallel_tool_calls": parallelToolCalls = value.isNull ? nil : try Self.flag(key, value)
            case "prompt_cache_key": promptCacheKey = try Self.flag(key, value)
            case "prompt_cache": promptCache = value.isNull ? nil : try Self.flag(key, value)
            case "reasoning_field": reasoningField = try Self.text(key, value)
            case "encrypted_reasoning": encryptedReasoning = try Self.flag(key, value)
            case "key_header": keyHeader = try Self.text(key, value)
            case "api_version": apiVersion = try Self.word(key, value)
            case "path": path = try Self.word(key, value)
            case "images": images = try Self.flag(key, value)
            case "extra_body":
                guard let body = value.objectValue else { throw .notConfigured("'extra_body' must be a map.") }
                extraBody = body
            default:
                throw .notConfigured("Unknown key '\(key)' in 'quirks'.")
            }
        }
        guard ["system", "developer", "user"].contains(systemRole) else {
            throw .notConfigured("'system_role' must be system, developer or user.")
        }
    }

    private static func text(_ key: String, _ value: JSON) throws(ModelError) -> String? {
        if value.isNull { return nil }
        guard let text = value.stringValue, !text.isEmpty else {
            throw .notConfigured("'\(key)' in 'quirks' must be a text that is not empty, or null.")
        }
        return text
    }

    /// A text that goes into an address.
    private static func word(_ key: String, _ value: JSON) throws(ModelError) -> String? {
        guard let text = try text(key, value) else { return nil }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#&@".utf8.contains($0) }) else {
            throw .notConfigured("'\(key)' in 'quirks' holds a character that an address does not allow.")
        }
        return text
    }

    private static func flag(_ key: String, _ value: JSON) throws(ModelError) -> Bool {
        guard let flag = value.boolValue else { throw .notConfigured("'\(key)' in 'quirks' must be true or false.") }
        return flag
    }

    /// `body` with the extra members.
    func completed(_ body: JSON) -> JSON {
        var body = body
        for (key, value) in extraBody { body[key] = value }
        return body
    }
}
