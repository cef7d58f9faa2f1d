import Crypto
import JSON
import Models

/// One request of a program, its body whole.
struct GatewayCall: Sendable {
    var method: String
    /// Path and query.
    var uri: String
    /// By lowercase name; the first of each.
    var headers: [String: String]
    var body: [UInt8]
}

/// What is answered.
enum GatewayReply: Sendable {
    case whole(status: Int, JSON, headers: [(String, String)])
    case stream(GatewayAnswer, headers: [(String, String)])
}

/// A request that a model is to answer.
struct GatewayAnswer: Sendable {
    var face: GatewayFace
    var request: FaceRequest
    var requestId: String
}

/// Decides what a request is answered with, before any model is asked.
struct GatewayRoutes: Sendable {
    let token: [UInt8]
    let limits: ModelGatewayLimits

    /// The API that a path belongs to: errors have its shape.
    static func face(_ call: GatewayCall) -> GatewayFace {
        switch path(call) {
        case "/v1/chat/completions": .chatCompletions
        case "/v1/responses": .responses
        case "/v1/messages", "/v1/messages/count_tokens": .messages
        default:
            call.headers["anthropic-version"] != nil || call.headers["x-api-key"] != nil ? .messages : .chatCompletions
        }
    }

    private static func path(_ call: GatewayCall) -> String {
        String(call.uri.prefix { $0 != "?" })
    }

    /// - Parameter names: the models that a program can name.
    func reply(to call: GatewayCall, requestId: String, names: [String]) throws(GatewayFailure) -> GatewayReply {
        guard isKnown(call) else {
            throw GatewayFailure(
                .unauthorised, "invalid x-api-key or bearer token: this gateway takes the token of its own session only"
            )
        }
        let path = Self.path(call)
        switch (call.method, path) {
        case ("POST", "/v1/messages"): return try answer(.messages, AnthropicRequest.read(json(call)), requestId)
        case ("POST", "/v1/messages/count_tokens"):
            let request = try AnthropicRequest.read(json(call), counts: true)
            return .whole(status: 200, ["input_tokens": .int(request.estimatedTokens)], headers: [])
        case ("POST", "/v1/chat/completions"):
            return try answer(.chatCompletions, ChatRequest.read(json(call)), requestId)
        case ("POST", "/v1/responses"): return try answer(.responses, ResponsesRequest.read(json(call)), requestId)
        case ("GET", "/v1/models"):
            return .whole(status: 200, Self.face(call) == .messages ? anthropic(names) : openAI(names), headers: [])
        case (_, "/v1/messages"), (_, "/v1/messages/count_tokens"), (_, "/v1/chat/completions"), (_, "/v1/responses"),
            (_, "/v1/models"):
            throw GatewayFailure(.wrongMethod, "this path does not take \(call.method.prefix(16))")
        default: throw GatewayFailure(.notFound, "there is nothing at \(path.prefix(128))")
        }
    }

    private func answer(
        _ face: GatewayFace, _ request: FaceRequest, _ requestId: String
    ) throws(GatewayFailure) -> GatewayReply {
        let headers = request.ignored.isEmpty ? [] : [("x-cofferdam-ignored", request.ignored.joined(separator: ", "))]
        return .stream(GatewayAnswer(face: face, request: request, requestId: requestId), headers: headers)
    }

    private func json(_ call: GatewayCall) throws(GatewayFailure) -> JSON {
        var limits = JSONLimits()
        limits.maxBytes = self.limits.maximumBodyBytes
        do { return try JSON(parsing: call.body, limits: limits) } catch {
            throw .invalid("the body is no JSON: \(error)")
        }
    }

    /// In a time that tells nothing of the token.
    private func isKnown(_ call: GatewayCall) -> Bool {
        var given = call.headers["x-api-key"] ?? ""
        if let value = call.headers["authorization"], value.prefix(7).lowercased() == "bearer " {
            given = String(value.dropFirst(7))
        }
        // Digests are equally long, whatever was given.
        let difference = zip(SHA256.hash(data: Array(given.utf8)), SHA256.hash(data: token)).reduce(0 as UInt8) {
            $0 | ($1.0 ^ $1.1)
        }
        return difference == 0
    }

    private func anthropic(_ names: [String]) -> JSON {
        let models = names.map { name -> JSON in
            [
                "type": "model", "id": .string(name), "display_name": .string(name),
                "created_at": "1970-01-01T00:00:00Z",
            ]
        }
        return [
            "data": .array(models), "has_more": false, "first_id": names.first.map(JSON.string) ?? .null,
            "last_id": names.last.map(JSON.string) ?? .null,
        ]
    }

    private func openAI(_ names: [String]) -> JSON {
        let models = names.map { name -> JSON in
            ["id": .string(name), "object": "model", "created": 0, "owned_by": "cofferdam"]
        }
        return ["object": "list", "data": .array(models)]
    }
}
