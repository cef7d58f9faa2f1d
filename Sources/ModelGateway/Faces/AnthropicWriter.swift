import JSON
import Models

/// Answers of the Anthropic Messages API.
struct AnthropicWriter: FaceWriter {
    private enum Open { case text, thinking }

    private let model: String
    private let id: String
    private let showsReasoning: Bool
    private var index = 0
    private var open: Open?

    init(_ request: FaceRequest, id: String) {
        model = request.model
        showsReasoning = request.showsReasoning
        self.id = "msg_\(id)"
    }

    /// A thinking block must carry a proof; the gateway keeps the model's own.
    private static let proof = "kept-by-gateway"

    let keepAlive = JSON.object(["type": "ping"]).event("ping")

    mutating func begin() -> String {
        let message: JSON = [
            "id": .string(id), "type": "message", "role": "assistant", "model": .string(model), "content": [],
            "stop_reason": .null, "stop_sequence": .null, "usage": ["input_tokens": 0, "output_tokens": 0],
        ]
        return event("message_start", ["message": message])
    }

    mutating func text(_ delta: String) -> String {
        start(.text, ["type": "text", "text": ""]) + self.delta(["type": "text_delta", "text": .string(delta)])
    }

    mutating func reasoning(_ delta: String) -> String {
        guard showsReasoning else { return "" }
        return start(.thinking, ["type": "thinking", "thinking": "", "signature": ""])
            + self.delta(["type": "thinking_delta", "thinking": .string(delta)])
    }

    mutating func toolCall(_ call: ToolCall) -> String {
        var text = close()
        let block: JSON = ["type": "tool_use", "id": .string(call.id), "name": .string(call.name), "input": [:]]
        text += event("content_block_start", ["index": .int(index), "content_block": block])
        text += delta(["type": "input_json_delta", "partial_json": .string(Self.input(call).text)])
        text += event("content_block_stop", ["index": .int(index)])
        index += 1
        return text
    }

    mutating func end(_ response: ModelResponse) -> String {
        close()
            + event(
                "message_delta",
                [
                    "delta": ["stop_reason": .string(Self.stop(response.stopReason)), "stop_sequence": .null],
                    "usage": Self.usage(response.usage),
                ]) + event("message_stop", [:])
    }

    mutating func fail(_ failure: GatewayFailure) -> String { failure.json(.messages, requestId: id).event("error") }

    func whole(_ response: ModelResponse) -> JSON {
        let blocks = response.content.compactMap { block -> JSON? in
            switch block {
            case .text(let text): ["type": "text", "text": .string(text)]
            case .reasoning(let reasoning) where showsReasoning && !reasoning.text.isEmpty:
                ["type": "thinking", "thinking": .string(reasoning.text), "signature": .string(Self.proof)]
            case .toolCall(let call):
                ["type": "tool_use", "id": .string(call.id), "name": .string(call.name), "input": Self.input(call)]
            case .reasoning, .toolResult, .image: nil
            }
        }
        return [
            "id": .string(id), "type": "message", "role": "assistant", "model": .string(response.model),
            "content": .array(blocks), "stop_reason": .string(Self.stop(response.stopReason)), "stop_sequence": .null,
            "usage": Self.usage(response.usage),
        ]
    }

    // MARK: Parts

    private func event(_ type: String, _ members: JSONObject) -> String {
        var object = members
        object["type"] = .string(type)
        return JSON.object(object).event(type)
    }

    private func delta(_ delta: JSON) -> String {
        event("content_block_delta", ["index": .int(index), "delta": delta])
    }

    private mutating func start(_ kind: Open, _ block: JSON) -> String {
        guard open != kind else { return "" }
        let text = close()
        open = kind
        return text + event("content_block_start", ["index": .int(index), "content_block": block])
    }

    private mutating func close() -> String {
        guard let kind = open else { return "" }
        open = nil
        defer { index += 1 }
        let proof = kind == .thinking ? delta(["type": "signature_delta", "signature": .string(Self.proof)]) : ""
        return proof + event("content_block_stop", ["index": .int(index)])
    }

    /// Always an object, as the API wants; the tool's own checks tell the model that a malformed one is wrong.
    private static func input(_ call: ToolCall) -> JSON {
        call.malformed.map { ["malformed_arguments": .string($0)] } ?? call.arguments
    }

    private static func stop(_ reason: StopReason) -> String {
        switch reason {
        case .endTurn, .other: "end_turn"
        case .toolUse: "tool_use"
        case .maximumTokens: "max_tokens"
        case .refusal: "refusal"
        }
    }

    private static func usage(_ usage: ModelUsage) -> JSON {
        [
            "input_tokens": .int(usage.input), "output_tokens": .int(usage.output),
            "cache_read_input_tokens": .int(usage.cacheRead), "cache_creation_input_tokens": .int(usage.cacheWrite),
        ]
    }
}
