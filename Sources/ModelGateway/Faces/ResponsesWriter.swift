import JSON
import Models

/// Answers of the OpenAI Responses API.
struct ResponsesWriter: FaceWriter {
    private let request: FaceRequest
    private let id: String
    private let created: Int
    private var sequence = 0
    /// What is said in full.
    private var items: [JSON] = []
    /// The text of the message that is being said.
    private var open: String?

    init(_ request: FaceRequest, id: String, created: Int) {
        self.request = request
        self.id = id
        self.created = created
    }

    /// A comment: clients read over it.
    let keepAlive = ": keep-alive\n\n"

    mutating func begin() -> String {
        let response = self.response("in_progress", [], model: request.model)
        return event("response.created", ["response": response]) + event("response.in_progress", ["response": response])
    }

    mutating func text(_ delta: String) -> String {
        var text = ""
        if open == nil {
            open = ""
            text += event("response.output_item.added", place(["item": message([], "in_progress")]))
            text += event("response.content_part.added", part(["part": Self.text("")]))
        }
        open? += delta
        return text + event("response.output_text.delta", part(["delta": .string(delta), "logprobs": []]))
    }

    /// Items of reasoning would come back to be believed; the gateway keeps them.
    mutating func reasoning(_ delta: String) -> String { "" }

    mutating func toolCall(_ call: ToolCall) -> String {
        var text = close()
        let itemId = JSON.string(itemId)
        var started = Self.call(call, id: self.itemId)
        started["arguments"] = ""
        started["status"] = "in_progress"
        let whole = JSON.string(call.argumentsText)
        text += event("response.output_item.added", place(["item": started]))
        text += event("response.function_call_arguments.delta", place(["item_id": itemId, "delta": whole]))
        text += event(
            "response.function_call_arguments.done",
            place(["item_id": itemId, "name": .string(call.name), "arguments": whole]))
        return text + finish(Self.call(call, id: self.itemId))
    }

    mutating func end(_ response: ModelResponse) -> String {
        let text = close()
        let isCut = Self.isCut(response)
        return text
            + event(
                isCut ? "response.incomplete" : "response.completed",
                ["response": self.response(items, response)])
    }

    mutating func fail(_ failure: GatewayFailure) -> String {
        var members = failure.openAI
        members["type"] = nil
        return event("error", members.objectValue ?? [:])
    }

    func whole(_ response: ModelResponse) -> JSON {
        var items: [JSON] = []
        func newId(_ kind: String) -> String { "\(kind)_\(id)_\(items.count)" }
        for block in response.content {
            switch block {
            case .text(let text):
                items.append(
                    [
                        "id": .string(newId("item")), "type": "message", "role": "assistant", "status": "completed",
                        "content": [Self.text(text)],
                    ])
            case .toolCall(let call): items.append(Self.call(call, id: newId("item")))
            case .reasoning, .toolResult, .image: break
            }
        }
        return self.response(items, response)
    }

    // MARK: Parts

    private var itemId: String { "item_\(id)_\(items.count)" }

    private mutating func event(_ type: String, _ members: JSONObject) -> String {
        defer { sequence += 1 }
        var object = members
        object["type"] = .string(type)
        object["sequence_number"] = .int(sequence)
        return JSON.object(object).event(type)
    }

    private func place(_ members: JSONObject) -> JSONObject {
        var object = members
        object["output_index"] = .int(items.count)
        return object
    }

    private func part(_ members: JSONObject) -> JSONObject {
        var object = place(members)
        object["item_id"] = .string(itemId)
        object["content_index"] = 0
        return object
    }

    private mutating func close() -> String {
        guard let said = open else { return "" }
        open = nil
        var text = event("response.output_text.done", part(["text": .string(said), "logprobs": []]))
        text += event("response.content_part.done", part(["part": Self.text(said)]))
        return text + finish(message([Self.text(said)], "completed"))
    }

    private mutating func finish(_ item: JSON) -> String {
        let text = event("response.output_item.done", place(["item": item]))
        items.append(item)
        return text
    }

    private func message(_ content: [JSON], _ status: String) -> JSON {
        [
            "id": .string(itemId), "type": "message", "role": "assistant", "status": .string(status),
            "content": .array(content),
        ]
    }

    private static func text(_ text: String) -> JSON {
        ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
    }

    private static func call(_ call: ToolCall, id: String) -> JSON {
        [
            "id": .string(id), "type": "function_call", "call_id": .string(call.id), "name": .string(call.name),
            "arguments": .string(call.argumentsText), "status": "completed",
        ]
    }

    private static func isCut(_ response: ModelResponse) -> Bool {
        response.stopReason == .maximumTokens || response.stopReason == .refusal
    }

    private func response(_ items: [JSON], _ answer: ModelResponse) -> JSON {
        var json = response(Self.isCut(answer) ? "incomplete" : "completed", items, model: answer.model)
        if Self.isCut(answer) {
            json["incomplete_details"] = [
                "reason": answer.stopReason == .refusal ? "content_filter" : "max_output_tokens"
            ]
        }
        let usage = answer.usage
        json["usage"] = [
            "input_tokens": .int(usage.totalInput),
            "input_tokens_details": ["cached_tokens": .int(usage.cacheRead)],
            "output_tokens": .int(usage.output),
            "output_tokens_details": ["reasoning_tokens": .int(usage.reasoning)],
            "total_tokens": .int(usage.totalInput + usage.output),
        ]
        return json
    }

    private func response(_ status: String, _ items: [JSON], model: String) -> JSON {
        let tools = request.tools.map { tool -> JSON in
            [
                "type": "function", "name": .string(tool.name), "description": .string(tool.description),
                "parameters": tool.parameters, "strict": false,
            ]
        }
        return [
            "id": .string("resp_\(id)"), "object": "response", "created_at": .int(created), "status": .string(status),
            "error": .null, "incomplete_details": .null,
            "instructions": request.system.isEmpty ? .null : .string(request.system),
            "max_output_tokens": request.maximumOutputTokens.map(JSON.int) ?? .null, "model": .string(model),
            "output": .array(items), "parallel_tool_calls": true, "previous_response_id": .null, "store": false,
            "temperature": .null, "tool_choice": "auto", "tools": .array(tools), "top_p": .null, "usage": .null,
            "metadata": [:],
        ]
    }
}
