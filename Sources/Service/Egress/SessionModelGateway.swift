import Agent
import AgentProtocol
import ModelGateway
import Models
import NIOCore
import Sandbox
import Secrets
import Store

/// The model gateway of one session: its token, and what programs in the sandbox are told of it.
///
/// The token is kept for a later service, as programs that run on have it in their environment. It opens nothing
/// elsewhere: the gateway hears only the connections of its own sandbox, and ends with the session.
struct SessionModelGateway: Sendable {
    let gateway: ModelGateway
    private let token: String
    private let file: SessionSecretFile
    private let known: KnownSecrets

    /// The supervisor's port.
    private static let address = "http://127.0.0.1:3129"
    private static let prefix = "cofferdam-session-"
    private static let tokenBytes = 32

    init(
        _ request: NetworkRequest, _ models: SessionModels, limits: ModelGatewayLimits, group: any EventLoopGroup,
        known: KnownSecrets
    ) throws {
        self.known = known
        file = SessionSecretFile(path: "\(request.stateDirectory)/model-gateway.token")
        if let kept = file.read(), kept.hasPrefix(Self.prefix), kept.utf8.count == Self.prefix.utf8.count + 64 {
            token = kept
        } else {
            var generator = SystemRandomNumberGenerator()
            let digits = Array("0123456789abcdef")
            token = (0..<Self.tokenBytes * 2).reduce(into: Self.prefix) { text, _ in
                text.append(digits[Int.random(in: 0..<16, using: &generator)])
            }
            try file.write(token)
        }
        known.add(SecretString(token))
        gateway = ModelGateway(
            sessionId: request.sessionId, token: token, models: LoggedModels(models: models),
            limits: limits, eventLoopGroup: group)
    }

    /// The variables that the vendors' own clients look for.
    var environment: [String: String] {
        [
            "ANTHROPIC_BASE_URL": Self.address, "ANTHROPIC_API_KEY": token,
            "OPENAI_BASE_URL": "\(Self.address)/v1", "OPENAI_API_KEY": token,
        ]
    }

    func close() async {
        await gateway.close()
        file.remove()
    }
}

/// A session's models, every call in its log.
private struct LoggedModels: ModelAccess {
    let models: SessionModels

    var names: [String] { models.names }

    func stream(_ request: ModelRequest, named name: String) -> AsyncThrowingStream<ModelEvent, any Error> {
        models.stream(request, forProgramNaming: name)
    }

    func admit(_ request: ModelRequest) async throws { try await models.admit(request) }

    func served(_ call: ServedCall) async {
        let usage = TokenUsage(
            inputTokens: call.usage.input, outputTokens: call.usage.output, cacheReadTokens: call.usage.cacheRead,
            cacheWriteTokens: call.usage.cacheWrite)
        let cost = await models.model(named: call.model)?.prices?.cost(of: call.usage)
        await models.served(
            ModelCallServed(
                api: call.face.rawValue, model: call.model.isEmpty ? nil : call.model, usage: usage, costMicros: cost,
                failure: call.failure))
    }
}
