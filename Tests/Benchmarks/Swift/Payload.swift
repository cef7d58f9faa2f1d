import AgentProtocol
import JSON

/// A JSON text to parse and to write.
struct Payload {
    var name: String
    var bytes: [UInt8]

    static var all: [Payload] { [notification, text, structured] }

    /// One event as it crosses while a command prints, about half a kilobyte.
    static let notification = Payload(
        name: "notification",
        json: [
            "jsonrpc": "2.0", "method": "agent/progress",
            "params": [
                "sessionId": "s7k2mq9xw4hd", "seq": 4711, "time": 1_790_000_002_000,
                "event": [
                    "type": "outputDelta", "itemId": "tool-9", "stream": "stdout", "offset": 1834,
                    "text": .string(
                        "[17/42] Compiling Parser.swift\nsrc/parser/Parser.swift:118:24: error: cannot find 'token' in scope\n"
                            + "            while let next = token.next() {\n                             ^~~~~\n"
                            + "src/parser/Parser.swift:131:9: warning: variable 'depth' was never used\n"),
                ],
            ],
        ])

    /// A document as an editor sends it when it is opened: one long string with escapes, 63 KB.
    static let text: Payload = {
        var source = ""
        while source.utf8.count < 59_000 {
            source += "    let total = values.reduce(0, +)\t// \"sum\" of line \(source.utf8.count)\n"
        }
        return Payload(
            name: "one string",
            json: [
                "jsonrpc": "2.0", "method": "textDocument/didOpen",
                "params": [
                    "textDocument": [
                        "uri": "file:///home/user/project/Sources/Main.swift", "languageId": "swift", "version": 1,
                        "text": .string(source),
                    ]
                ],
            ])
    }()

    /// Diagnostics of a bad build: many small values, 61 KB.
    static let structured: Payload = {
        let diagnostics = (0..<230).map { number -> JSON in
            let line = JSON.number(JSONNumber(number * 7))
            return [
                "range": ["start": ["line": line, "character": 4], "end": ["line": line, "character": 31]],
                "severity": 1, "source": "swiftc", "code": .string("E\(number)"),
                "message": .string("cannot find 'value\(number)' in scope; did you mean 'values'?"),
                "relatedInformation": [], "data": ["score": 0.75, "fixable": true, "hint": nil],
            ]
        }
        return Payload(
            name: "structured",
            json: [
                "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics",
                "params": ["uri": "file:///home/user/project/main.swift", "diagnostics": .array(diagnostics)],
            ])
    }()

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    private init(name: String, json: JSON) {
        self.name = name
        bytes = json.serialized()
    }
}

/// What the language server does with an event: the tree, then the typed value.
func decodeEvent(_ bytes: [UInt8]) throws -> Int {
    let params = try JSON(parsing: bytes)["params"] ?? .null
    return try JSONCoder.decode(AgentProgress.Params.self, from: params).seq
}
