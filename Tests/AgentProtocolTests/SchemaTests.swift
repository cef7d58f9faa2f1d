import AgentProtocol
import JSON
import TestSupport
import Testing

/// Swift's types and the schema's definitions say the same.
struct SchemaTests {
    let schema: ProtocolSchema

    init() throws { schema = try ProtocolSchema() }

    /// Definitions of the editor's end and of JSON-RPC, which are no types of `AgentProtocol`: with the type of the
    /// language server that reads or writes them, where there is one.
    static let others: [String: String?] = [
        "ApplyMode": "LanguageServerSettings.ApplyMode",
        "AgentTranscriptResult": "AgentTranscript.Result",
        "CancelRequestParams": nil,
        "EditorAgentPromptParams": "EditorAgentPrompt.Params",
        "EditorAgentStartParams": "EditorAgentStart.Params",
        "EditorDiagnostic": nil,
        "EditorPromptContext": nil,
        "EditorSelection": nil,
        "ErrorObject": nil,
        "ExperimentalCapabilities": nil,
        "FileEdits": "LanguageServerSettings.FileEdits",
        "InitializationOptions": "LanguageServerSettings",
        "LspPosition": nil,
        "LspRange": nil,
        "ServiceLocation": "LanguageServerSettings.Service",
        "ShowTranscript": "LanguageServerSettings.ShowTranscript",
    ]

    private var definitions: JSONObject { schema.schema.document["$defs"]?.objectValue ?? JSONObject() }

    @Test func everyTypeIsDefinedAndNothingElse() throws {
        let swift = Set(try WireMethod.definitions().keys).union(Self.others.keys).union(["AgentEvent"])
        #expect(Set(definitions.keys).subtracting(swift) == [], "in the schema, not in Swift")
        #expect(swift.subtracting(definitions.keys) == [], "in Swift, not in the schema")
    }

    @Test func everyTypeHasTheSameMembers() throws {
        for (name, swift) in try WireMethod.definitions() {
            let json = try #require(definitions[name], "\(name) is not in the schema")
            #expect(WireDefinition(schema: json) == swift, "\(name)")
        }
    }

    @Test func everyObjectIsClosed() {
        for (name, definition) in definitions where definition["type"] == "object" && name != "EditorDiagnostic" {
            #expect(definition["additionalProperties"] == false, "\(name)")
        }
    }

    @Test func theUnionHasEveryEvent() throws {
        let branches = (definitions["AgentEvent"]?["oneOf"]?.arrayValue ?? []).compactMap { $0["$ref"]?.stringValue }
        let probe = WireProbe()
        let swift = try AgentEvent.allTypes.map { "#/$defs/\(try probe.event($0).definition)" }
        #expect(branches == swift)
        for type in AgentEvent.allTypes {
            let (event, name) = try probe.event(type)
            #expect(event.type == type)
            #expect(definitions[name]?["properties"]?["type"]?["const"]?.stringValue == type, "\(name)")
        }
    }

    /// A request or notification that `WireMethod.all` forgets would go unchecked.
    @Test func everyMethodInTheSourcesIsListed() throws {
        let declared = try SwiftSource.declarations(beneath: "Sources/AgentProtocol").values.compactMap(\.method)
        #expect(declared.sorted() == WireMethod.all.map(\.name).sorted())
    }

    @Test func theEditorsTypesAreThoseOfTheLanguageServer() throws {
        let swift = try SwiftSource.declarations(beneath: "Sources/LanguageServer")
        for (name, type) in Self.others {
            guard let type else { continue }
            let declaration = try #require(swift[type], "\(type) is not in the language server any more")
            let definition = try #require(definitions[name].flatMap(WireDefinition.init(schema:)), "\(name)")
            switch definition {
            case .enumeration(let values):
                #expect(values == declaration.cases.map(\.name), "\(name)")
            case .object(let members):
                #expect(members.mapValues(\.isOptional) == declaration.members.mapValues(\.isOptional), "\(name)")
            }
        }
    }

    /// The editor's parameters differ from the service's only in what the language server fills in or converts.
    @Test(arguments: ["Start", "Prompt"])
    func theEditorsParametersFollowTheServices(_ method: String) throws {
        guard case .object(var own)? = definitions["EditorAgent\(method)Params"].flatMap(WireDefinition.init(schema:)),
            case .object(var service)? = definitions["Agent\(method)Params"].flatMap(WireDefinition.init(schema:))
        else {
            Issue.record("not both are objects")
            return
        }
        #expect(own.removeValue(forKey: "context")?.shape == .named("EditorPromptContext"))
        #expect(service.removeValue(forKey: "context")?.shape == .named("PromptContext"))
        // The language server uploads by itself.
        service["workspace"] = nil
        #expect(own == service)
    }

    @Test func descriptionsAreTheDocumentationOfTheTypes() throws {
        var swift = try SwiftSource.declarations(beneath: "Sources/AgentProtocol")
        let languageServer = try SwiftSource.declarations(beneath: "Sources/LanguageServer")
        for case (let name, let type?) in Self.others { swift[name] = languageServer[type] }
        var checked = 0
        for (type, declaration) in swift {
            let name = type.split(separator: ".").joined()
            guard let definition = definitions[name] else { continue }
            let description = definition["description"]?.stringValue ?? ""
            #expect(!description.isEmpty, "\(name) has no description")
            if declaration.cases.isEmpty {
                #expect(declaration.documentation == nil || description == declaration.documentation, "\(name)")
            } else if definition["enum"] != nil {
                let cases = declaration.cases.compactMap { one in one.documentation.map { "- `\(one.name)`: \($0)" } }
                #expect(description.hasPrefix(declaration.documentation ?? ""), "\(name)")
                #expect(description.hasSuffix(cases.joined(separator: "\n")), "\(name)")
            }
            for (key, member) in declaration.members {
                guard let documentation = member.documentation else { continue }
                checked += 1
                #expect(definition["properties"]?[key]?["description"]?.stringValue == documentation, "\(name).\(key)")
            }
        }
        #expect(checked > 50, "the sources are read")
    }
}
