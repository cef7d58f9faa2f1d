import JSON
import TestSupport
import Testing

/// The check that the end-to-end tests put every message through finds what it should find.
struct ProtocolTrafficTests {
    let schema: ProtocolSchema

    init() throws { schema = try ProtocolSchema() }

    /// The problems of the last of some messages; those before must have none. `→` is from the client.
    private func problems(_ messages: [String], on connection: ProtocolConnection = .service) throws -> [String] {
        var traffic = ProtocolTraffic(schema, on: connection)
        var last: [String] = []
        for text in messages {
            #expect(last == [])
            var message = try JSON(parsing: String(text.dropFirst(2)))
            if message["jsonrpc"] == nil { message["jsonrpc"] = "2.0" }
            last = traffic.problems(in: message, text.hasPrefix("→") ? .clientToServer : .serverToClient)
        }
        return last
    }

    static let valid: [[String]] = [
        [#"→ {"id":1,"method":"agent/stop","params":{"sessionId":"s"}}"#, #"← {"id":1,"result":{}}"#],
        [
            #"→ {"id":"a","method":"agent/stop","params":{"sessionId":"s"}}"#,
            #"← {"id":"a","error":{"code":-32602,"message":"there is no session `s`"}}"#,
        ],
        // Both ends number their own requests.
        [
            #"→ {"id":1,"method":"agent/list","params":{}}"#,
            #"← {"id":1,"method":"agent/approve","params":{"sessionId":"s","approval":{"approvalId":"a","toolCallId":"t","tool":"run","title":"Run: ls","reason":"r","arguments":{},"expiresAt":1}}}"#,
            #"→ {"id":1,"result":{"decision":"reject","feedback":"no"}}"#,
            #"← {"id":1,"result":{"sessions":[]}}"#,
        ],
        [#"→ {"id":1,"method":"agent/list"}"#],
        [#"← {"method":"$/cancelRequest","params":{"id":3}}"#],
        [#"← {"id":null,"error":{"code":-32700,"message":"not JSON"}}"#],
    ]

    @Test(arguments: valid)
    func takes(_ messages: [String]) throws { #expect(try problems(messages) == []) }

    static let invalid: [[String]] = [
        [#"→ []"#.replacing("[]", with: "[1]")],
        [#"→ {"jsonrpc":"1.0","id":1,"method":"agent/list","params":{}}"#],
        [#"→ {"id":1,"method":"agent/lists","params":{}}"#],
        [#"→ {"id":1,"method":"agent/list","params":{"limit":0}}"#],
        [#"→ {"id":1,"method":"agent/list","params":[]}"#],
        [#"→ {"method":"agent/list","params":{}}"#],
        [
            #"→ {"method":"agent/progress","params":{"sessionId":"s","seq":1,"time":1,"event":{"type":"messageStarted","itemId":"m"}}}"#
        ],
        [
            #"← {"id":1,"method":"agent/progress","params":{"sessionId":"s","seq":1,"time":1,"event":{"type":"messageStarted","itemId":"m"}}}"#
        ],
        [
            #"← {"method":"agent/progress","params":{"sessionId":"s","seq":1,"time":1,"event":{"type":"messageBegan","itemId":"m"}}}"#
        ],
        [
            #"← {"method":"agent/progress","params":{"sessionId":"s","seq":0,"time":1,"event":{"type":"messageStarted","itemId":"m"}}}"#
        ],
        [#"← {"id":1,"result":{}}"#],
        [#"← {"result":{}}"#],
        [#"→ {"id":1,"method":"agent/list","params":{}}"#, #"→ {"id":1,"method":"agent/list","params":{}}"#],
        [#"→ {"id":1,"method":"agent/list","params":{}}"#, #"← {"id":1,"result":{}}"#],
        [#"→ {"id":1,"method":"agent/list","params":{}}"#, #"← {"id":1}"#],
        [#"→ {"id":1,"method":"agent/list","params":{}}"#, #"← {"id":1,"error":{"code":-32602}}"#],
        [#"→ {"id":1,"method":"agent/list","params":{}}"#, #"← {"id":1,"error":{"code":-1,"message":"?"}}"#],
        [#"→ {"id":1,"method":"agent/list","params":{}}"#, #"← {"id":"1","result":{"sessions":[]}}"#],
        // The editor's methods are not the service's.
        [#"→ {"id":1,"method":"agent/apply","params":{"sessionId":"s"}}"#],
        [#"→ {"id":1,"method":"textDocument/hover","params":{}}"#],
    ]

    @Test(arguments: invalid)
    func refuses(_ messages: [String]) throws { #expect(try problems(messages) != []) }

    @Test func lspPassesOnAnEditorsConnection() throws {
        let initialize = #"→ {"id":1,"method":"initialize","params":{"capabilities":{},"initializationOptions":"#
        for options in ["null", "[]", "{}", #"{"progress":true}"#, #"{"cofferdam":{"apply":"verified"}}"#] {
            #expect(try problems(["\(initialize)\(options)}}"], on: .editor) == [], "\(options)")
        }
        for options in [#"{"progres":true}"#, #"{"apply":"always"}"#, "1"] {
            #expect(try problems(["\(initialize)\(options)}}"], on: .editor) != [], "\(options)")
        }
        let reply =
            #"← {"id":1,"result":{"capabilities":{"experimental":{"cofferdam":{"protocolVersion":1,"methods":[]}}}}}"#
        #expect(try problems(["\(initialize)null}}", reply], on: .editor) == [])
        #expect(try problems(["\(initialize)null}}", #"← {"id":1,"result":{"capabilities":{}}}"#], on: .editor) != [])
        #expect(try problems([#"→ {"method":"textDocument/didOpen","params":{"anything":1}}"#], on: .editor) == [])
        #expect(try problems([#"→ {"method":"agent/other","params":{}}"#], on: .editor) != [])
    }

    @Test func editorsMayUseTheirOwnTerms() throws {
        let start =
            #"→ {"id":1,"method":"agent/start","params":{"prompt":"p","context":{"diagnostics":[{"uri":"file:///a.c","message":"m","data":{},"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":1}}}]}}}"#
        #expect(try problems([start], on: .editor) == [])
        #expect(try problems([start], on: .service) != [])
    }

    @Test func tellsWhatWasNotAnswered() throws {
        var traffic = ProtocolTraffic(schema, on: .service)
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "method": "agent/stop", "params": ["sessionId": "s"]]
        #expect(traffic.problems(in: message, .clientToServer) == [])
        #expect(traffic.unanswered == ["agent/stop"])
        #expect(traffic.seen == ["agent/stop": 1])
        #expect(traffic.problems(in: ["jsonrpc": "2.0", "id": 1, "result": [:]], .serverToClient) == [])
        #expect(traffic.unanswered == [])
        #expect(traffic.seen == ["agent/stop": 2])
    }
}
