import AgentProtocol
import JSON
import TestSupport
import Testing

/// The recorded transcripts, and the reference, against the schema.
struct TranscriptTests {
    let schema: ProtocolSchema

    init() throws { schema = try ProtocolSchema() }

    struct Line {
        var direction: MessageDirection
        var message: JSON
    }

    private static let folder = "Protocol/transcripts"

    static func files() throws -> [String] { try ProtocolFiles.names(in: folder).filter { $0.hasSuffix(".jsonl") } }

    static func lines(_ file: String) throws -> [Line] {
        try ProtocolSchema.text("\(folder)/\(file)").split(separator: "\n").map { text in
            let line = try JSON(parsing: String(text))
            let direction = try #require(line["direction"]?.stringValue.flatMap(MessageDirection.init(rawValue:)))
            #expect(Set(line.objectValue?.keys ?? []) == ["direction", "message"], "\(file)")
            return Line(direction: direction, message: try #require(line["message"]))
        }
    }

    /// `service-….jsonl` is of the service's connection, the others of an editor's.
    static func connection(_ file: String) -> ProtocolConnection { file.hasPrefix("service-") ? .service : .editor }

    @Test(arguments: try files())
    func everyLineIsValid(_ file: String) throws {
        var traffic = ProtocolTraffic(schema, on: Self.connection(file))
        for line in try Self.lines(file) {
            #expect(traffic.problems(in: line.message, line.direction) == [], "\(file): \(line.message.text)")
        }
        #expect(traffic.unanswered == [], "\(file)")
    }

    /// Nothing gets lost between the wire and the type.
    @Test(arguments: try files())
    func everyEventComesBackAsItWas(_ file: String) throws {
        for line in try Self.lines(file) where line.message["method"]?.stringValue == AgentProgress.method {
            let params = try #require(line.message["params"])
            let decoded = try JSONCoder.decode(AgentProgress.Params.self, from: params)
            #expect(try JSONCoder.encode(decoded) == params, "\(file)")
        }
    }

    @Test func everyMethodHasATranscript() throws {
        let files = try Self.files()
        for method in schema.methods {
            var crossed = false
            for file in files where method.connections.contains(Self.connection(file)) {
                crossed =
                    try crossed
                    || Self.lines(file).contains {
                        $0.direction == method.sender && $0.message["method"]?.stringValue == method.name
                    }
            }
            #expect(crossed, "no transcript has \(method.name) \(method.sender.rawValue)")
        }
    }

    @Test func everyEventHasATranscript() throws {
        let types = try Self.files().flatMap { try Self.lines($0) }
            .compactMap { $0.message["params"]?["event"]?["type"]?.stringValue }
        #expect(Set(types) == Set(AgentEvent.allTypes))
    }

    @Test func theReferenceNamesEverything() throws {
        let reference = try ProtocolSchema.text("Protocol/README.md")
        for method in schema.methods { #expect(reference.contains("`\(method.name)`"), "\(method.name)") }
        for type in AgentEvent.allTypes { #expect(reference.contains("`\(type)`"), "\(type)") }
        for method in schema.methods.map(\.name) where method.hasPrefix("agent/") {
            #expect(reference.contains("### `\(method)`"), "\(method) has no section")
        }
        for code in Set(schema.methods.flatMap(\.errorCodes)) { #expect(reference.contains("`\(code)`"), "\(code)") }
        for file in try Self.files() { #expect(reference.contains("transcripts/\(file)"), "\(file)") }
    }

    /// The JSON shown in the reference is the protocol, too. Blocks begin with "// client → server" or the like.
    @Test func theExamplesOfTheReferenceAreValid() throws {
        let blocks = try ProtocolSchema.text("Protocol/README.md").split(separator: "```json\n").dropFirst()
        var checked = 0
        var traffic = ProtocolTraffic(schema, on: .editor)
        for block in blocks {
            let text = try #require(block.split(separator: "```").first)
            for line in text.split(separator: "\n") {
                guard let arrow = line.split(separator: " ").first else { continue }
                let direction = arrow == "→" ? MessageDirection.clientToServer : .serverToClient
                try #require(arrow == "→" || arrow == "←", "\(line)")
                var message = try JSON(parsing: String(line.dropFirst(2)))
                message["jsonrpc"] = "2.0"
                let method = message["method"]?.stringValue
                if method == "agent/applied" { traffic = ProtocolTraffic(schema, on: .service) }
                #expect(traffic.problems(in: message, direction) == [], "\(line)")
                checked += 1
                if traffic.unanswered.isEmpty { traffic = ProtocolTraffic(schema, on: .editor) }
            }
        }
        #expect(checked > 20)
        #expect(traffic.unanswered == [])
    }
}
