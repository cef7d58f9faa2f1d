/// Streams as the Anthropic Messages API sends them (its public documentation, "Streaming messages").
enum AnthropicFixtures {
    /// Each element is the data of one event; the event's name is its `type`.
    static func events(_ data: [String]) -> String {
        data.map { text in
            let type = text.dropFirst(#"{"type":""#.count).prefix { $0 != "\"" }
            return "event: \(type)\ndata: \(text)\n\n"
        }.joined()
    }

    static let start =
        #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-test-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,"output_tokens":1}}}"#
    static let stop = #"{"type":"message_stop"}"#

    static func end(_ reason: String, output: Int = 15) -> [String] {
        [
            #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":{"output_tokens":\#(output)}}"#,
            stop,
        ]
    }

    static let greetingEvents: [String] =
        [
            start,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            #"{"type":"ping"}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße "}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"👋"}}"#,
            #"{"type":"content_block_stop","index":0}"#,
        ] + end("end_turn")

    static let greeting = events(greetingEvents)

    /// Thinking with a signature, redacted thinking, text, then two calls in parallel; unknown events in between.
    static let reasoningAndCalls = events(
        [
            start,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"look."}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCg"}}"#,
            #"{"type":"content_block_stop","index":0}"#,
            #"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"secret=="}}"#,
            #"{"type":"content_block_stop","index":1}"#,
            #"{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
            #"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"I read."}}"#,
            #"{"type":"content_block_stop","index":2}"#,
            #"{"type":"some_future_event","index":99}"#,
            #"{"type":"content_block_start","index":3,"content_block":{"type":"future_block","x":1}}"#,
            #"{"type":"content_block_delta","index":3,"delta":{"type":"future_delta","y":2}}"#,
            #"{"type":"content_block_stop","index":3}"#,
            #"{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"read_file","input":{}}}"#,
            #"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            #"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"path\": \"a"}}"#,
            #"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":".c\"}"}}"#,
            #"{"type":"content_block_stop","index":4}"#,
            #"{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"toolu_2","name":"list_files","input":{}}}"#,
            #"{"type":"content_block_stop","index":5}"#,
        ] + end("tool_use", output: 89))

    /// One call, with `json` as its arguments.
    static func call(arguments json: String, stopReason: String = "tool_use") -> String {
        let escaped = json.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return events(
            [
                start,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"read_file","input":{}}}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\#(escaped)"}}"#,
                #"{"type":"content_block_stop","index":0}"#,
            ] + end(stopReason))
    }

    static let whole =
        #"{"id":"msg_1","type":"message","role":"assistant","model":"claude-test-1","content":[{"type":"text","text":"I read."},{"type":"tool_use","id":"toolu_1","name":"read_file","input":{"path":"a.c"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":25,"output_tokens":15}}"#
}
