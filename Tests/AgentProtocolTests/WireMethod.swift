import AgentProtocol
import JSON
import JSONRPC
import TestSupport
import Testing

/// A method of `AgentProtocol` with its types erased.
struct WireMethod: Sendable, CustomTestStringConvertible {
    let name: String
    let sender: MessageDirection
    /// Notes the types of its parameters and result (nil for a notification) in a probe.
    let visit: @Sendable (WireProbe) throws -> (params: WireShape, result: WireShape?)
    /// Samples of both, each with a decoding that must give it back.
    let samples: @Sendable (WireProbe) throws -> [WireSample]

    var testDescription: String { "\(name) \(sender.rawValue)" }

    static let all: [WireMethod] = [
        request(ServiceInitialize.self),
        request(AgentStart.self),
        request(AgentPrompt.self),
        request(AgentCancel.self),
        request(AgentStop.self),
        request(AgentList.self),
        request(AgentAttach.self),
        request(AgentDetach.self),
        request(AgentApprove.self),
        request(AgentFork.self),
        request(AgentRestore.self),
        request(AgentSteps.self),
        request(AgentUsage.self),
        request(AgentRecording.self),
        request(AgentModels.self),
        request(AgentPublish.self),
        request(AgentObjects.self),
        request(AgentPack.self),
        request(AgentDiff.self),
        request(AgentApply.self),
        request(AgentUndo.self),
        request(WorkspaceNegotiate.self),
        request(WorkspaceUpload.self),
        request(AgentMerge.self),
        request(AgentApplied.self),
        request(AgentEgress.self),
        request(AgentApproveAsk.self, from: .serverToClient),
        notification(AgentProgress.self, from: .serverToClient),
    ]

    /// Every definition that can be reached from a method or an event.
    static func definitions() throws -> [String: WireDefinition] {
        let probe = WireProbe()
        for method in all { _ = try method.visit(probe) }
        for type in AgentEvent.allTypes { _ = try probe.event(type) }
        return probe.definitions
    }

    private static func request<R: RequestType>(
        _: R.Type, from sender: MessageDirection = .clientToServer
    ) -> WireMethod where R.Params: Equatable, R.Result: Equatable {
        WireMethod(
            name: R.method, sender: sender,
            visit: { (try $0.sample(R.Params.self).shape, try $0.sample(R.Result.self).shape) },
            samples: { [try WireSample(R.Params.self, $0), try WireSample(R.Result.self, $0)] })
    }

    private static func notification<N: NotificationType>(
        _: N.Type, from sender: MessageDirection
    ) -> WireMethod where N.Params: Equatable {
        WireMethod(
            name: N.method, sender: sender, visit: { (try $0.sample(N.Params.self).shape, nil) },
            samples: { [try WireSample(N.Params.self, $0)] })
    }
}

/// A value on its way: as JSON, with the name of its definition.
struct WireSample {
    let definition: String
    let json: JSON
    /// Whether a JSON value decodes to the sample; throws when it does not decode.
    let isDecoded: (JSON) throws -> Bool

    init<Value: Codable & Equatable>(_ type: Value.Type, _ probe: WireProbe) throws {
        let (value, shape) = try probe.sample(type)
        try self.init(value, definition: shape.description)
    }

    init<Value: Codable & Equatable>(_ value: Value, definition: String) throws {
        self.definition = definition
        json = try JSONCoder.encode(value)
        isDecoded = { try JSONCoder.decode(Value.self, from: $0) == value }
    }

    /// Of every method and event.
    static func all(_ optionals: WireProbe.Optionals) throws -> [WireSample] {
        let probe = WireProbe(optionals: optionals)
        let ofMethods = try WireMethod.all.flatMap { try $0.samples(probe) }
        let ofEvents = try AgentEvent.allTypes.map { type in
            let (event, definition) = try probe.event(type)
            return try WireSample(event, definition: definition)
        }
        return ofMethods + ofEvents
    }
}
