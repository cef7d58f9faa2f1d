import JSON

/// The first line of a recording: what there was before the first request.
public struct TrafficHeader: Sendable {
    public static let version = 1

    /// The program that recorded, with its version.
    public var program: String
    /// Milliseconds since 1970.
    public var created: Int
    /// How the session was started, as the parameters of `agent/start`; secrets are removed when it is written.
    public var session: JSON
    /// The models that there were, in their order, without addresses and keys.
    public var models: [NamedModel]
    /// Who played which role.
    public var roles: [ModelRole: [String]]

    public init(
        program: String, created: Int, session: JSON, models: [NamedModel], roles: [ModelRole: [String]]
    ) {
        self.program = program
        self.created = created
        self.session = session
        self.models = models
        self.roles = roles
    }

    /// How the session was started, for a session in another folder.
    public func start(in workspacePath: String) -> JSON {
        let names = TrafficNames(workspacePath: workspacePath, session: "")
        return session.mapStrings(names.resolve)
    }

    func json(_ names: TrafficNames) -> JSON {
        [
            "type": "recording", "version": .number(JSONNumber(Self.version)), "program": .string(program),
            "created": .number(JSONNumber(created)), "session": names.record(session),
            "models": .array(models.map(\.recorded)),
            "roles": .object(
                JSONObject(
                    ModelRole.allCases.compactMap { role in
                        roles[role].map { (role.rawValue, .array($0.map(JSON.string))) }
                    })),
        ]
    }

    init(json: JSON) throws(ConversationFormatError) {
        guard json["type"]?.stringValue == "recording" else {
            throw ConversationFormatError(description: "the first line is not that of a recording")
        }
        guard json["version"]?.intValue == Self.version else {
            throw ConversationFormatError(
                description:
                    "a recording of version \(json["version"]?.text ?? "?"); this program reads \(Self.version)")
        }
        guard let session = json["session"], session.objectValue != nil,
            let models = json["models"]?.arrayValue
        else { throw ConversationFormatError(description: "the object 'session' or the array 'models' is missing") }
        self.init(
            program: json["program"]?.stringValue ?? "", created: json["created"]?.intValue ?? 0, session: session,
            models: [], roles: [:])
        for entry in models { self.models.append(try NamedModel(recorded: entry)) }
        for role in ModelRole.allCases {
            guard let list = json["roles"]?[role.rawValue]?.arrayValue else { continue }
            roles[role] = list.compactMap(\.stringValue)
        }
    }
}

extension NamedModel {
    /// What a replay needs to know: names, and what budgets and the length of conversations go by.
    fileprivate var recorded: JSON {
        var json: JSON = [
            "name": .string(name), "provider": .string(settings.provider.rawValue), "model": .string(settings.model),
            "capabilities": [
                "images": .bool(capabilities.images), "tools": .bool(capabilities.tools),
                "reasoning": .bool(capabilities.reasoning),
            ],
        ]
        json["contextWindow"] = contextWindow.map { .number(JSONNumber($0)) }
        json["prices"] = prices.map { prices in
            [
                "input": .number(JSONNumber(prices.input)), "output": .number(JSONNumber(prices.output)),
                "cacheRead": .number(JSONNumber(prices.cacheRead)),
                "cacheWrite": .number(JSONNumber(prices.cacheWrite)),
            ]
        }
        return json
    }

    fileprivate init(recorded json: JSON) throws(ConversationFormatError) {
        guard let name = json["name"]?.stringValue, !name.isEmpty,
            let provider = json["provider"]?.stringValue.flatMap(ModelSettings.Provider.init(rawValue:))
        else { throw ConversationFormatError(description: "a model lacks 'name' or a known 'provider'") }
        func flag(_ key: String) -> Bool { json["capabilities"]?[key]?.boolValue ?? true }
        self.init(
            name: name, settings: ModelSettings(provider: provider, model: json["model"]?.stringValue ?? name),
            contextWindow: json["contextWindow"]?.intValue.flatMap { $0 > 0 ? $0 : nil },
            capabilities: ModelCapabilities(
                images: flag("images"), tools: flag("tools"), reasoning: flag("reasoning")))
        if let json = json["prices"], let input = json["input"]?.intValue, let output = json["output"]?.intValue {
            prices = ModelPrices(
                input: input, output: output, cacheRead: json["cacheRead"]?.intValue ?? input,
                cacheWrite: json["cacheWrite"]?.intValue ?? input)
        }
    }
}
