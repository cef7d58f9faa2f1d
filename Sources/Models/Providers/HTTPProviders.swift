/// Anthropic Messages over HTTP.
typealias AnthropicProvider = HTTPModelProvider<AnthropicMessages>
/// OpenAI-compatible Chat Completions over HTTP.
typealias ChatCompletionsProvider = HTTPModelProvider<ChatCompletions>
/// OpenAI Responses over HTTP.
typealias ResponsesProvider = HTTPModelProvider<Responses>
/// Google Gemini over HTTP.
typealias GeminiProvider = HTTPModelProvider<Gemini>
/// Amazon Bedrock over HTTP.
typealias BedrockProvider = HTTPModelProvider<Bedrock>
