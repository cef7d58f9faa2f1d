/// Anthropic Messages over HTTP.
typealias AnthropicProvider = HTTPModelProvider<AnthropicMessages>
/// OpenAI-compatible Chat Completions over HTTP.
typealias ChatCompletionsProvider = HTTPModelProvider<ChatCompletions>
