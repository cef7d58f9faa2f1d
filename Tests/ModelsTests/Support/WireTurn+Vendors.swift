import JSON

@testable import Models

extension WireTurn {
    private func unknown(_ json: JSON, name: String = "some_future_event") -> [WireEvent] {
        hasUnknownEvents ? [WireEvent(name: name, json: json)] : []
    }

    var anthropic: [WireEvent] {
        var index = -1
        func block(_ start: JSON, _ deltas: [(JSON, Bool)]) -> [WireEvent] {
            index += 1
            let number = JSON.number(JSONNumber(index))
            let begin: JSON = ["type": "content_block_start", "index": number, "content_block": start]
            return [WireEvent(name: "content_block_start", json: begin)]
                + deltas.map { delta, isText in
                    WireEvent(
                        name: "content_block_delta",
                        json: ["type": "content_block_delta", "index": number, "delta": delta], isText: isText)
                }
                + [WireEvent(name: "content_block_stop", json: ["type": "content_block_stop", "index": number])]
        }
        let start: JSON = [
            "type": "message_start",
            "message": [
                "id": "msg_1", "type": "message", "role": "assistant", "model": "test-1", "content": [],
                "stop_reason": nil, "stop_sequence": nil,
                "usage": [
                    "input_tokens": 20, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 100,
                    "output_tokens": 1,
                ],
            ],
        ]
        var events = [WireEvent(name: "message_start", json: start), WireEvent(name: "ping", json: ["type": "ping"])]
        if !reasoning.isEmpty {
            events += block(
                ["type": "thinking", "thinking": "", "signature": ""],
                reasoning.map { (["type": "thinking_delta", "thinking": .string($0)], false) }
                    + [(["type": "signature_delta", "signature": "proofAAA"], false)])
        }
        events += unknown(["type": "some_future_event", "index": 99])
        if !text.isEmpty {
            events += block(
                ["type": "text", "text": ""], text.map { (["type": "text_delta", "text": .string($0)], true) })
        }
        for call in calls {
            events += block(
                ["type": "tool_use", "id": .string(call.id), "name": .string(call.name), "input": [:]],
                call.arguments.halves.map { (["type": "input_json_delta", "partial_json": .string($0)], false) })
        }
        let reason: JSON =
            [.done: "end_turn", .calls: "tool_use", .length: "max_tokens", .refusal: "refusal"][end] ?? nil
        let stop: JSON = [
            "type": "message_delta", "delta": ["stop_reason": reason, "stop_sequence": nil],
            "usage": ["output_tokens": 30],
        ]
        return events + [
            WireEvent(name: "message_delta", json: stop),
            WireEvent(name: "message_stop", json: ["type": "message_stop"]),
        ]
    }

    var chat: [WireEvent] {
        func chunk(_ delta: JSON, finish: JSON = nil) -> JSON {
            [
                "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "test-1",
                "choices": [["index": 0, "delta": delta, "finish_reason": finish]],
            ]
        }
        var events = [WireEvent(json: chunk(["role": "assistant", "content": ""]))]
        events += reasoning.map { WireEvent(json: chunk(["reasoning_content": .string($0)])) }
        events += unknown(["id": "c1", "object": "some.future.chunk", "created": 1, "model": "test-1", "choices": []])
        events += text.map { part in
            WireEvent(
                json: chunk(end == .refusal ? ["refusal": .string(part)] : ["content": .string(part)]), isText: true)
        }
        for (index, call) in calls.enumerated() {
            let number = JSON.number(JSONNumber(index))
            let start: JSON = [
                "index": number, "id": .string(call.id), "type": "function",
                "function": ["name": .string(call.name), "arguments": ""],
            ]
            events.append(WireEvent(json: chunk(["tool_calls": [start]])))
            events += call.arguments.halves.map { part in
                let delta: JSON = ["index": number, "function": ["arguments": .string(part)]]
                return WireEvent(json: chunk(["tool_calls": [delta]]))
            }
        }
        let reason: JSON = [.done: "stop", .calls: "tool_calls", .length: "length", .refusal: "stop"][end] ?? nil
        let usage: JSON = [
            "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "test-1", "choices": [],
            "usage": [
                "prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150,
                "prompt_tokens_details": ["cached_tokens": 100], "completion_tokens_details": ["reasoning_tokens": 12],
            ],
        ]
        return events + [WireEvent(json: chunk([:], finish: reason)), WireEvent(json: usage), WireEvent()]
    }

    var responses: [WireEvent] {
        var events: [WireEvent] = []
        var output: [JSON] = []
        func add(_ type: String, _ members: JSON, isText: Bool = false) {
            var json: JSON = ["type": .string(type), "sequence_number": .number(JSONNumber(events.count))]
            for (key, value) in members.objectValue ?? JSONObject() { json[key] = value }
            events.append(WireEvent(name: type, json: json, isText: isText))
        }
        func response(_ status: String) -> JSON {
            var json: JSON = [
                "id": "resp_1", "object": "response", "created_at": 1, "status": .string(status), "model": "test-1",
                "error": nil, "incomplete_details": nil, "output": .array(output), "parallel_tool_calls": true,
                "tool_choice": "auto", "tools": [],
            ]
            if status == "incomplete" { json["incomplete_details"] = ["reason": "max_output_tokens"] }
            if status != "in_progress" {
                json["usage"] = [
                    "input_tokens": 120, "input_tokens_details": ["cached_tokens": 100], "output_tokens": 30,
                    "output_tokens_details": ["reasoning_tokens": 12], "total_tokens": 150,
                ]
            }
            return json
        }
        func item(_ begun: JSON, _ done: JSON, _ deltas: (JSON) -> Void) {
            let index = JSON.number(JSONNumber(output.count))
            add("response.output_item.added", ["output_index": index, "item": begun])
            deltas(index)
            add("response.output_item.done", ["output_index": index, "item": done])
            output.append(done)
        }
        add("response.created", ["response": response("in_progress")])
        add("response.in_progress", ["response": response("in_progress")])
        if !reasoning.isEmpty {
            let summary: JSON = ["type": "summary_text", "text": .string(reasoning.joined())]
            item(
                ["id": "rs_1", "type": "reasoning", "summary": []],
                ["id": "rs_1", "type": "reasoning", "summary": [summary], "encrypted_content": "proofAAA"]
            ) { index in
                add(
                    "response.reasoning_summary_part.added",
                    [
                        "item_id": "rs_1", "output_index": index, "summary_index": 0,
                        "part": ["type": "summary_text", "text": ""],
                    ])
                for part in reasoning {
                    add(
                        "response.reasoning_summary_text.delta",
                        ["item_id": "rs_1", "output_index": index, "summary_index": 0, "delta": .string(part)])
                }
            }
        }
        if hasUnknownEvents { add("response.some_future.event", ["output_index": 99]) }
        if !text.isEmpty {
            let whole = JSON.string(text.joined())
            let part: JSON =
                end == .refusal
                ? ["type": "refusal", "refusal": whole]
                : ["type": "output_text", "text": whole, "annotations": []]
            item(
                ["id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []],
                ["id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]]
            ) { index in
                let place: JSON = ["item_id": "msg_1", "output_index": index, "content_index": 0]
                var begun = place
                begun["part"] =
                    end == .refusal
                    ? ["type": "refusal", "refusal": ""] : ["type": "output_text", "text": "", "annotations": []]
                add("response.content_part.added", begun)
                defer {
                    var ended = place
                    ended["part"] = part
                    add("response.content_part.done", ended)
                }
                for part in text {
                    add(
                        end == .refusal ? "response.refusal.delta" : "response.output_text.delta",
                        ["item_id": "msg_1", "output_index": index, "content_index": 0, "delta": .string(part)],
                        isText: true)
                }
            }
        }
        for (number, call) in calls.enumerated() {
            let begun: JSON = [
                "id": .string("fc_\(number)"), "type": "function_call", "status": "in_progress",
                "call_id": .string(call.id), "name": .string(call.name), "arguments": "",
            ]
            var done = begun
            done["status"] = "completed"
            done["arguments"] = .string(call.arguments)
            item(begun, done) { index in
                for part in call.arguments.halves {
                    add(
                        "response.function_call_arguments.delta",
                        ["item_id": .string("fc_\(number)"), "output_index": index, "delta": .string(part)])
                }
                add(
                    "response.function_call_arguments.done",
                    [
                        "item_id": .string("fc_\(number)"), "output_index": index, "name": .string(call.name),
                        "arguments": .string(call.arguments),
                    ])
            }
        }
        let status = end == .length ? "incomplete" : "completed"
        add("response.\(status)", ["response": response(status)])
        return events
    }

    var gemini: [WireEvent] {
        func chunk(_ parts: [JSON], finish: String? = nil) -> JSON {
            var candidate: JSON = ["content": ["role": "model", "parts": .array(parts)], "index": 0]
            candidate["finishReason"] = finish.map(JSON.string)
            var usage: JSON = ["promptTokenCount": 120, "cachedContentTokenCount": 100, "totalTokenCount": 150]
            if finish != nil {
                usage["candidatesTokenCount"] = 18
                usage["thoughtsTokenCount"] = 12
            }
            return [
                "candidates": [candidate], "usageMetadata": usage, "modelVersion": "test-1", "responseId": "r1",
            ]
        }
        var events = reasoning.map { WireEvent(json: chunk([["text": .string($0), "thought": true]])) }
        events += unknown(["someFutureMember": 1, "modelVersion": "test-1"])
        events += text.map { WireEvent(json: chunk([["text": .string($0)]]), isText: true) }
        let parts = calls.enumerated().map { index, call -> JSON in
            let arguments = (try? JSON(parsing: call.arguments)) ?? .string(call.arguments)
            var part: JSON = [
                "functionCall": ["id": .string(call.id), "name": .string(call.name), "args": arguments]
            ]
            // Of calls in parallel only the first has a proof.
            if index == 0, !reasoning.isEmpty { part["thoughtSignature"] = "proofAAA" }
            return part
        }
        if !parts.isEmpty { events.append(WireEvent(json: chunk(parts))) }
        let reason = [.done: "STOP", .calls: "STOP", .length: "MAX_TOKENS", .refusal: "SAFETY"][end] ?? ""
        return events + [WireEvent(json: chunk([["text": ""]], finish: reason))]
    }

    var bedrock: [WireEvent] {
        var index = -1
        var events = [WireEvent(name: "messageStart", json: ["role": "assistant", "p": "abcd"])]
        func block(_ start: JSON?, _ deltas: [(JSON, Bool)]) {
            index += 1
            let number = JSON.number(JSONNumber(index))
            if let start {
                events.append(
                    WireEvent(
                        name: "contentBlockStart", json: ["contentBlockIndex": number, "start": start, "p": "ab"])
                )
            }
            events += deltas.map { delta, isText in
                WireEvent(
                    name: "contentBlockDelta", json: ["contentBlockIndex": number, "delta": delta, "p": "abc"],
                    isText: isText)
            }
            events.append(WireEvent(name: "contentBlockStop", json: ["contentBlockIndex": number, "p": "a"]))
        }
        if !reasoning.isEmpty {
            block(
                nil,
                reasoning.map { (["reasoningContent": ["text": .string($0)]], false) }
                    + [(["reasoningContent": ["signature": "proofAAA"]], false)])
        }
        events += unknown(["x": 1], name: "someFutureEvent")
        if !text.isEmpty { block(nil, text.map { (["text": .string($0)], true) }) }
        for call in calls {
            block(
                ["toolUse": ["toolUseId": .string(call.id), "name": .string(call.name)]],
                call.arguments.halves.map { (["toolUse": ["input": .string($0)]], false) })
        }
        let reason: JSON =
            [.done: "end_turn", .calls: "tool_use", .length: "max_tokens", .refusal: "content_filtered"][end] ?? nil
        return events + [
            WireEvent(name: "messageStop", json: ["stopReason": reason, "p": "abcdef"]),
            WireEvent(
                name: "metadata",
                json: [
                    "usage": [
                        "inputTokens": 20, "outputTokens": 30, "totalTokens": 157, "cacheReadInputTokens": 100,
                        "cacheWriteInputTokens": 7,
                    ], "metrics": ["latencyMs": 12],
                ]),
        ]
    }

    var command: [WireEvent] {
        var events = reasoning.map { WireEvent(json: ["type": "reasoningDelta", "text": .string($0)]) }
        if !reasoning.isEmpty { events.append(WireEvent(json: ["type": "reasoningProof", "signature": "proofAAA"])) }
        events += unknown(["type": "someFutureEvent"])
        events += text.map { WireEvent(json: ["type": "textDelta", "text": .string($0)], isText: true) }
        events += calls.map { call in
            let arguments = (try? JSON(parsing: call.arguments)) ?? .string(call.arguments)
            return WireEvent(
                json: [
                    "type": "toolCall", "id": .string(call.id), "name": .string(call.name), "arguments": arguments,
                ])
        }
        let reason: JSON =
            [.done: "endTurn", .calls: "toolUse", .length: "maximumTokens", .refusal: "refusal"][end] ?? nil
        let usage: JSON = ["input": 20, "output": 30, "cacheRead": 100, "cacheWrite": 7, "reasoning": 12]
        return events + [
            WireEvent(
                json: ["type": "completed", "model": "test-1", "stopReason": reason, "usage": usage])
        ]
    }
}

extension String {
    /// The text in two parts, as streams cut it.
    var halves: [String] {
        let middle = index(startIndex, offsetBy: count / 2)
        return [String(self[..<middle]), String(self[middle...])]
    }
}
