import JSON
import Models

/// Answers of the OpenAI Chat Completions API.
struct ChatWriter: FaceWriter {
    private let model: String
    private let id: String
    private let created: Int
    private let includesUsage: Bool
    private var calls = 0

    init(_ request: FaceRequest, id: String, created: Int) {
        model = request.model
        includesUsage = request.includesUsage
        self.id = "chatcmpl-\(id)"
        self.created = created
    }

    /// A comment: clients read over it.
    let keepAlive = ": keep-alive\n\n"

    mutating func begin() -> String { chunk(["role": "assistant", "content": ""]) }

    mutating func text(_ delta: String) -> String { chunk(["content": .string(delta)]) }

    /// The API has no reasoning.
    mutating func reasoning(_ delta: String) -> String { "" }

    mutating func toolCall(_ call: ToolCall) -> String {
        defer { calls += 1 }
        var json = Self.call(call)
        json["index"] = .int(calls)
        return chunk(["tool_calls": [json]])
    }

    mutating func end(_ response: ModelResponse) -> String {
        var text = chunk([:], finish: Self.finish(response))
        if includesUsage {
            text += JSON.object(head("chat.completion.chunk", ["choices": [], "usage": Self.usage(response.usage)]))
                .event()
        }
        return text + "data: [DONE]\n\n"
    }

    mutating func fail(_ failure: GatewayFailure) -> String { JSON.object(["error": failure.openAI]).event() }

    func whole(_ response: ModelResponse) -> JSON {
        let text = response.text
        var message: JSON = ["role": "assistant", "content": text.isEmpty ? .null : .string(text), "refusal": .null]
        let calls = response.toolCalls
        if !calls.isEmpty { message["tool_calls"] = .array(calls.map(Self.call)) }
        let choice: JSON = [
            "index": 0, "message": message, "logprobs": .null, "finish_reason": .string(Self.finish(response)),
        ]
        var object = head("chat.completion", ["choices": [choice], "usage": Self.usage(response.usage)])
        object["model"] = .string(response.model)
        return .object(object)
    }

    private func chunk(_ delta: JSON, finish: String? = nil) -> String {
        let choice: JSON = [
            "index": 0, "delta": delta, "logprobs": .null, "finish_reason": finish.map(JSON.string) ?? .null,
        ]
        return JSON.object(head("chat.completion.chunk", ["choices": [choice]])).event()
    }

    private func head(_ kind: String, _ members: JSONObject) -> JSONObject {
        var object: JSONObject = [
            "id": .string(id), "object": .string(kind), "created": .int(created), "model": .string(model),
        ]
        for (key, value) in members { object[key] = value }
        return object
    }

    private static func call(_ call: ToolCall) -> JSON {
        [
            "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.argumentsText)],
        ]
    }

    private static func finish(_ response: ModelResponse) -> String {
        switch response.stopReason {
        case .endTurn, .other: "stop"
        case .toolUse: "tool_calls"
        case .maximumTokens: "length"
        case .refusal: "content_filter"
        }
    }

    private static func usage(_ usage: ModelUsage) -> JSON {
        [
            "prompt_tokens": .int(usage.totalInput), "completion_tokens": .int(usage.output),
            "total_tokens": .int(usage.totalInput + usage.output),
            "prompt_tokens_details": ["cached_tokens": .int(usage.cacheRead)],
            "completion_tokens_details": ["reasoning_tokens": .int(usage.reasoning)],
        ]
    }
}
