import AgentProtocol
import JSON
import TestSupport
import Testing

/// `Protocol/openrpc.json` lists the methods of the Swift types, with their types.
struct OpenRPCTests {
    let schema: ProtocolSchema

    init() throws { schema = try ProtocolSchema() }

    /// Methods without a type in `AgentProtocol`: the language server's own, and the cancelling of JSON-RPC requests.
    private static let others: Set<String> = [
        "agent/transcript client→server", "$/cancelRequest client→server", "$/cancelRequest server→client",
    ]

    @Test func theMethodsAreThoseOfTheTypes() {
        let listed = schema.methods.map { "\($0.name) \($0.sender.rawValue)" }
        #expect(Set(listed).count == listed.count)
        #expect(Set(listed).subtracting(Self.others) == Set(WireMethod.all.map(\.testDescription)))
        #expect(Self.others.isSubset(of: listed))
    }

    @Test(arguments: WireMethod.all)
    func theTypesAreTheMethods(_ swift: WireMethod) throws {
        let method = try #require(schema.methods.first { $0.name == swift.name && $0.sender == swift.sender })
        let (params, result) = try swift.visit(WireProbe())
        #expect(method.params[.service] == "#/$defs/\(params)")
        #expect(method.result == result.map { "#/$defs/\($0)" })
    }

    /// OpenRPC names each parameter; `x-params` names their object.
    @Test func parametersAreTheMembersOfTheirObject() throws {
        for method in schema.methods {
            let reference = try #require(method.params[.service])
            let object = try #require(schema.schema.schema(at: reference))
            let required = Set((object["required"]?.arrayValue ?? []).compactMap(\.stringValue))
            let params = try #require(method.json["params"]?.arrayValue)
            #expect(params.compactMap { $0["name"]?.stringValue } == object["properties"]?.objectValue?.keys ?? [])
            for param in params {
                let name = try #require(param["name"]?.stringValue)
                #expect(param["required"]?.boolValue == required.contains(name), "\(method.name) \(name)")
                #expect(param["description"] == object["properties"]?[name]?["description"], "\(method.name) \(name)")
                #expect(
                    param["schema"]?["$ref"]?.stringValue
                        == "schema/cofferdam.schema.json\(reference)/properties/\(name)")
            }
        }
    }

    @Test func everyReferenceLeadsSomewhere() throws {
        for method in schema.methods {
            #expect(!method.connections.isEmpty, "\(method.name)")
            for reference in Array(method.params.values) + [method.result].compactMap({ $0 }) {
                #expect(schema.schema.schema(at: reference) != nil, "\(method.name): \(reference)")
            }
            let isRequest = method.json["result"] != nil
            #expect(isRequest == (method.result != nil), "\(method.name)")
            #expect(isRequest == !method.errorCodes.isEmpty, "\(method.name)")
        }
    }

    @Test func theEditorSpeaksTheMethodsThatTheLanguageServerDeclares() throws {
        let text = try ProtocolSchema.text("Sources/LanguageServer/LanguageServer.swift")
        let list = try #require(text.split(separator: "static let agentMethods = [").last?.split(separator: "]").first)
        let names = list.split { !$0.isLetter && $0 != "." }.filter { $0.hasSuffix(".method") }
        let declarations = try SwiftSource.declarations(beneath: "Sources/AgentProtocol").merging(
            SwiftSource.declarations(beneath: "Sources/LanguageServer")
        ) { first, _ in first }
        let declared = try names.map { try #require(declarations[String($0.dropLast(".method".count))]?.method) }
        let listed = schema.methods.filter {
            $0.sender == .clientToServer && $0.connections.contains(.editor) && $0.name.hasPrefix("agent/")
        }
        #expect(declared.sorted() == listed.map(\.name).sorted())
    }
}
