/// Streams as Chat Completions servers send them.
enum ChatFixtures {
    static func events(_ data: [String], done: Bool = true) -> String {
        (data + (done ? ["[DONE]"] : [])).map { "data: \($0)\n\n" }.joined()
    }

    static func chunk(_ delta: String, finish: String? = nil) -> String {
        let finish = finish.map { "\"\($0)\"" } ?? "null"
        return
            #"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-test-1","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}],"usage":null}"#
    }

    static let usage =
        #"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-test-1","choices":[],"usage":{"prompt_tokens":120,"completion_tokens":30,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":100},"completion_tokens_details":{"reasoning_tokens":12}}}"#

    static let greetingEvents: [String] = [
        chunk(#"{"role":"assistant","content":""}"#),
        chunk(#"{"content":"Grüße "}"#),
        chunk(#"{"content":"👋"}"#),
        chunk("{}", finish: "stop"),
        usage,
    ]

    static let greeting = events(greetingEvents)

    /// Reasoning, text, then two calls in parallel as OpenAI sends them.
    static let reasoningAndCalls = events([
        chunk(#"{"role":"assistant","content":null,"reasoning_content":"Let me "}"#),
        chunk(#"{"reasoning_content":"look."}"#),
        chunk(#"{"content":"I read."}"#),
        chunk(
            #"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"read_file","arguments":""}}]}"#
        ),
        chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\": \"a"}}]}"#),
        chunk(
            #"{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"list_files","arguments":""}}]}"#
        ),
        chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":".c\"}"}}]}"#),
        chunk("{}", finish: "tool_calls"),
        usage,
    ])

    /// One call, whose arguments come as the given JSON text.
    static func call(arguments json: String, finish: String = "tool_calls") -> String {
        let escaped = json.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return events([
            chunk(
                #"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"read_file","arguments":"\#(escaped)"}}]}"#
            ),
            chunk("{}", finish: finish),
        ])
    }

    static let whole =
        #"{"id":"c1","object":"chat.completion","created":1,"model":"gpt-test-1","choices":[{"index":0,"message":{"role":"assistant","content":"I read.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"read_file","arguments":"{\"path\":\"a.c\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":25,"completion_tokens":15,"total_tokens":40}}"#
}
