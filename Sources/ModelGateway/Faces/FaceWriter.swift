import JSON
import Models

/// Turns one answer of a model into the bytes of one vendor's API. A value: it does nothing by itself.
protocol FaceWriter: Sendable {
    /// What a stream begins with.
    mutating func begin() -> String
    mutating func text(_ delta: String) -> String
    mutating func reasoning(_ delta: String) -> String
    mutating func toolCall(_ call: ToolCall) -> String
    /// What a stream ends with.
    mutating func end(_ response: ModelResponse) -> String
    /// The end of a stream that fails.
    mutating func fail(_ failure: GatewayFailure) -> String
    /// Says that a stream is alive.
    var keepAlive: String { get }
    /// The whole answer as one value.
    func whole(_ response: ModelResponse) -> JSON
}

extension GatewayFace {
    /// - Parameters:
    ///   - id: what the answer and its parts are called, unlike any other's.
    ///   - created: seconds since 1970.
    func writer(_ request: FaceRequest, id: String, created: Int) -> any FaceWriter {
        switch self {
        case .messages: AnthropicWriter(request, id: id)
        case .chatCompletions: ChatWriter(request, id: id, created: created)
        case .responses: ResponsesWriter(request, id: id, created: created)
        }
    }
}

extension ToolCall {
    /// The arguments as the model wrote them: programs that take a text get also what is no JSON.
    var argumentsText: String { malformed ?? arguments.text }
}

extension JSON {
    static func int(_ value: Int) -> JSON { .number(JSONNumber(value)) }

    /// One event of a stream (WHATWG HTML, section 9.2).
    func event(_ name: String? = nil) -> String {
        (name.map { "event: \($0)\n" } ?? "") + "data: \(text)\n\n"
    }
}
