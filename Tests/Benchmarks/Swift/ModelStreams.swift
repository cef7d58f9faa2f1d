import JSON
import Models

/// A long answer as a vendor streams it: a text in many deltas of some words.
struct ModelStream {
    var settings: ModelSettings
    var payload: Payload

    private static let deltas = 4000
    private static let words = JSON.string("let total = values.reduce(0, +) // \"sum\"\n")
    /// What one read from a network gives.
    private static let chunkBytes = 16 << 10

    static var all: [ModelStream] {
        [
            stream(
                .anthropic,
                events(
                    [
                        ["type": "message_start", "message": ["model": "m", "usage": ["input_tokens": 1]]],
                        ["type": "content_block_start", "index": 0, "content_block": ["type": "text", "text": ""]],
                    ],
                    [
                        "type": "content_block_delta", "index": 0, "delta": ["type": "text_delta", "text": words],
                    ],
                    [
                        ["type": "message_delta", "delta": ["stop_reason": "end_turn"], "usage": ["output_tokens": 9]],
                        ["type": "message_stop"],
                    ], named: true)),
            stream(
                .openai,
                events(
                    [], chat(["content": words], nil), [chat([:], "stop")], named: false)),
            stream(
                .openaiResponses,
                events(
                    [["type": "response.created", "response": ["model": "m"]]],
                    [
                        "type": "response.output_text.delta", "sequence_number": 77, "item_id": "msg_0123456789abcdef",
                        "output_index": 0, "content_index": 0, "delta": words, "logprobs": [],
                    ],
                    [["type": "response.completed", "response": ["model": "m", "output": []]]], named: true)),
            stream(.gemini, events([], gemini(nil), [gemini("STOP")], named: false)),
            stream(
                .bedrock,
                eventStream("contentBlockDelta", ["contentBlockIndex": 0, "delta": ["text": words], "p": "abcdefgh"])
                    + message("messageStop", ["stopReason": "end_turn"])
                    + message("metadata", ["usage": ["inputTokens": 1, "outputTokens": 9]])),
        ]
    }

    /// Length of the text that the answer comes to; 0 when it cannot be read.
    func read() -> Int {
        let bytes = payload.bytes
        let chunks = stride(from: 0, to: bytes.count, by: Self.chunkBytes).map { start in
            bytes[start..<min(start + Self.chunkBytes, bytes.count)]
        }
        return (try? StreamReading.answer(chunks, from: settings))?.text.utf8.count ?? 0
    }

    private static func stream(_ provider: ModelSettings.Provider, _ bytes: [UInt8]) -> ModelStream {
        ModelStream(
            settings: ModelSettings(provider: provider, model: "m"),
            payload: Payload(name: provider.rawValue, bytes: bytes))
    }

    private static func events(_ head: [JSON], _ delta: JSON, _ tail: [JSON], named: Bool) -> [UInt8] {
        let all = head + [JSON](repeating: delta, count: deltas) + tail
        let texts = all.map { json in
            let name = named ? "event: \(json["type"]?.stringValue ?? "")\n" : ""
            return name + "data: \(json.text)\n\n"
        }
        return Array(texts.joined().utf8)
    }

    private static func chat(_ delta: JSON, _ finish: JSON?) -> JSON {
        [
            "id": "chatcmpl-0123456789abcdef", "object": "chat.completion.chunk", "created": 1_790_000_000,
            "model": "m", "choices": [["index": 0, "delta": delta, "finish_reason": finish ?? .null]],
        ]
    }

    private static func gemini(_ finish: JSON?) -> JSON {
        var candidate: JSON = ["content": ["role": "model", "parts": [["text": words]]], "index": 0]
        candidate["finishReason"] = finish
        return [
            "candidates": [candidate],
            "usageMetadata": ["promptTokenCount": 9, "candidatesTokenCount": 9, "totalTokenCount": 18],
            "modelVersion": "m",
        ]
    }

    private static func eventStream(_ name: String, _ delta: JSON) -> [UInt8] {
        let one = message(name, delta)
        return (0..<deltas).flatMap { _ in one }
    }

    private static func message(_ name: String, _ json: JSON) -> [UInt8] {
        func word(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let payload = json.serialized()
        let headers: [UInt8] =
            [11] + Array(":event-type".utf8) + [7, 0, UInt8(truncatingIfNeeded: name.utf8.count)] + Array(name.utf8)
        var bytes = word(16 + headers.count + payload.count) + word(headers.count)
        bytes += word(Int(CRC32.checksum(bytes)))
        bytes += headers + payload
        return bytes + word(Int(CRC32.checksum(bytes)))
    }
}
