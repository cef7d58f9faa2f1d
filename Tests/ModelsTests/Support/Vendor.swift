import JSON
import Secrets

@testable import Models

/// The providers, for tests of what they have in common.
enum Vendor: String, CaseIterable, Sendable {
    case anthropic
    case openai
    case responses
    case gemini
    case bedrock
    case command

    /// Those that are endpoints of HTTP.
    static let http = allCases.filter { $0 != .command }
    /// Those whose API the independent fake speaks.
    static let known: [Vendor] = [.anthropic, .openai, .responses, .gemini]

    static let key = SecretString("canary-key-4711")

    func provider(_ endpoint: StubEndpoint, limits: ModelLimits = ModelLimits()) throws -> any ModelProvider {
        try provider(at: endpoint.url, limits: limits)
    }

    func provider(at url: String, limits: ModelLimits = ModelLimits()) throws -> any ModelProvider {
        let settings = settings(at: url, limits: limits)
        return switch self {
        case .anthropic: try AnthropicProvider(settings)
        case .openai: try ChatCompletionsProvider(settings)
        case .responses: try ResponsesProvider(settings)
        case .gemini: try GeminiProvider(settings)
        case .bedrock: try BedrockProvider(settings)
        case .command: try CommandProvider(settings)
        }
    }

    /// - Parameter url: address of the endpoint, or for `command` the file with what the program writes.
    func settings(at url: String, limits: ModelLimits = ModelLimits()) -> ModelSettings {
        var settings = ModelSettings(
            provider: provider, model: "model-1", baseURL: self == .command ? nil : url + path, apiKey: Self.key,
            limits: limits)
        switch self {
        case .bedrock:
            settings.apiKey = nil
            settings.aws = AWSAccess(
                region: "eu-central-1",
                credentials: .fixed(AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretKey: Self.key)))
        case .command:
            // What it was asked comes into a file beside.
            settings.command = ModelCommand(arguments: ["sh", "-c", "cat >> \"$0.asked\"; cat \"$0\"", url])
        case .anthropic, .openai, .responses, .gemini: break
        }
        return settings
    }

    var provider: ModelSettings.Provider {
        switch self {
        case .anthropic: .anthropic
        case .openai: .openai
        case .responses: .openaiResponses
        case .gemini: .gemini
        case .bedrock: .bedrock
        case .command: .command
        }
    }

    /// What the base URL of the vendor ends with.
    private var path: String {
        switch self {
        case .openai, .responses: "/v1"
        case .gemini: "/v1beta"
        case .anthropic, .bedrock, .command: ""
        }
    }

    /// A stream that says "Grüße 👋".
    var greeting: [UInt8] { WireTurn.greeting.bytes(self) }

    /// A stream that breaks off after the text "Grüße ".
    var beginning: [UInt8] { WireTurn.greeting.beginning(self) }

    func reply(_ bytes: [UInt8], _ ending: StubEndpoint.Reply.Ending = .complete) -> StubEndpoint.Reply {
        StubEndpoint.Reply(
            headers: [("content-type", self == .bedrock ? EventStreamParser.mediaType : "text/event-stream")],
            chunks: [bytes], ending: ending)
    }

    /// Plays `replies`, one for each request, each the bytes of a whole stream, and gives what was asked.
    func play(
        _ replies: [[UInt8]], _ body: (any ModelProvider) async throws -> Void
    ) async throws -> [JSON] {
        guard self == .command else {
            return try await StubEndpoint.with(replies.map { reply($0) }) { endpoint in
                try await body(try provider(endpoint))
                return endpoint.requests.map(\.json)
            }
        }
        return try await withTemporaryFolder { folder in
            try SmallFile.replace("\(folder)/answer", with: replies[0])
            try await body(try provider(at: "\(folder)/answer"))
            let asked = try SmallFile.read("\(folder)/answer.asked", maximumBytes: 1 << 20)
            return try asked.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: Array($0)) }
        }
    }
}
