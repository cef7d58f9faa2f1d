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

    /// The messages shown in the reference: each begins with `→` (from the client) or `←` on a line of its own.
    private static func examples() throws -> [Line] {
        var lines: [(MessageDirection, String)] = []
        for block in try ProtocolSchema.text("Protocol/README.md").split(separator: "```json\n").dropFirst() {
            for line in (block.split(separator: "```").first ?? "").split(separator: "\n") {
                switch line.first {
                case "→": lines.append((.clientToServer, String(line.dropFirst())))
                case "←": lines.append((.serverToClient, String(line.dropFirst())))
                default: lines[try #require(lines.indices.last)].1 += line
                }
            }
        }
        return try lines.map { direction, text in
            var message = try JSON(parsing: text)
            message["jsonrpc"] = "2.0"
            return Line(direction: direction, message: message)
        }
    }

    @Test func theExamplesOfTheReferenceAreValid() throws {
        let examples = try Self.examples()
        #expect(examples.count > 25)
        // One connection of each kind: a method that only one of them has shows where its example belongs.
        var editor = ProtocolTraffic(schema, on: .editor)
        var service = ProtocolTraffic(schema, on: .service)
        var isOfService = false
        for example in examples {
            if let name = example.message["method"]?.stringValue {
                isOfService = [
                    AgentApplied.method, AgentMerge.method, AgentObjects.method, AgentPack.method,
                    AgentRecording.method,
                    WorkspaceNegotiate.method, WorkspaceUpload.method,
                ].contains(name)
            }
            let problems =
                isOfService
                ? service.problems(in: example.message, example.direction)
                : editor.problems(in: example.message, example.direction)
            #expect(problems == [], "\(example.message.text)")
        }
        #expect(editor.unanswered + service.unanswered == [])
        let shown = Set(editor.seen.keys).union(service.seen.keys)
        #expect(shown.isSuperset(of: schema.methods.map(\.name).filter { $0 != ServiceInitialize.method }))
    }
}
