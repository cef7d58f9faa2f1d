import Crypto
import Models
import Synchronization

/// Asks a model for a program, and tells the session once it is over.
struct AnswerStream: Sendable {
    let sessionId: String
    let models: any ModelAccess
    let memory: ReasoningMemory

    /// The conversation as the model reads it.
    func modelRequest(_ request: FaceRequest) -> ModelRequest {
        var messages = request.messages
        memory.restore(&messages)
        return ModelRequest(
            system: request.system, messages: messages, tools: request.tools,
            maximumOutputTokens: request.maximumOutputTokens, sessionKey: key(request))
    }

    /// Conversations of programs are told apart by how they begin; a program has no name for its own.
    private func key(_ request: FaceRequest) -> String {
        var hash = SHA256()
        hash.update(data: Array(request.system.utf8))
        if let first = request.messages.first { hash.update(data: first.json.serialized()) }
        let digits = Array("0123456789abcdef")
        let name = hash.finalize().prefix(8).map { String([digits[Int($0 >> 4)], digits[Int($0 & 15)]]) }.joined()
        return "\(sessionId)/gateway/\(name)"
    }

    /// What is refused from the start is refused by a status, which a stream that has begun has no place for.
    func admit(_ answer: GatewayAnswer) async throws(GatewayFailure) {
        do {
            try await models.admit(modelRequest(answer.request))
        } catch {
            await models.served(
                ServedCall(
                    face: answer.face, model: "", usage: ModelUsage(), failure: GatewayFailure(error).message))
            throw GatewayFailure(error)
        }
    }

    /// The whole answer.
    func response(_ answer: GatewayAnswer) async throws -> ModelResponse {
        var whole: ModelResponse?
        try await run(answer) { event in
            if case .completed(let response) = event { whole = response }
        }
        guard let whole else { throw ModelError.streamCut("the stream ended without an answer") }
        return whole
    }

    /// Yields what a stream consists of. What goes wrong once it began is told in the stream.
    func stream(
        _ answer: GatewayAnswer, writer: any FaceWriter, send: (String) async throws -> Void
    ) async throws {
        var writer = writer
        var hasSaid = false
        try await send(writer.begin())
        do {
            try await run(answer) { event in
                switch event {
                case .textDelta(let text):
                    hasSaid = true
                    try await send(writer.text(text))
                case .reasoningDelta(let text):
                    let words = writer.reasoning(text)
                    if !words.isEmpty {
                        hasSaid = true
                        try await send(words)
                    }
                case .toolCall(let call):
                    hasSaid = true
                    try await send(writer.toolCall(call))
                case .completed(let response):
                    if !hasSaid { try await send(Self.content(response, &writer)) }
                    try await send(writer.end(response))
                default:
                    // What was said is void, and cannot be taken back from a program; it asks again.
                    if hasSaid { throw ModelError.streamCut("the answer broke off") }
                }
            }
        } catch is SendError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            try await send(writer.fail(GatewayFailure(error)))
        }
    }

    /// What a model said without saying it bit by bit.
    private static func content(_ response: ModelResponse, _ writer: inout any FaceWriter) -> String {
        var text = ""
        for block in response.content {
            switch block {
            case .text(let part): text += writer.text(part)
            case .reasoning(let reasoning) where !reasoning.text.isEmpty: text += writer.reasoning(reasoning.text)
            case .toolCall(let call): text += writer.toolCall(call)
            case .reasoning, .toolResult, .image: break
            }
        }
        return text
    }

    private func run(_ answer: GatewayAnswer, _ take: (ModelEvent) async throws -> Void) async throws {
        var call = ServedCall(face: answer.face, model: "", usage: ModelUsage())
        do {
            var isWhole = false
            for try await event in models.stream(modelRequest(answer.request), named: answer.request.model) {
                if case .completed(let response) = event {
                    isWhole = true
                    call.model = response.answeredBy ?? response.model
                    call.usage = response.usage
                    memory.keep(response)
                }
                try await take(event)
            }
            try Task.checkCancellation()
            guard isWhole else { throw ModelError.streamCut("the stream ended without an answer") }
            await models.served(call)
        } catch {
            call.failure =
                error is CancellationError || error is SendError
                ? "the program hung up" : GatewayFailure(error).message
            await models.served(call)
            throw error
        }
    }
}

/// A program that is gone.
struct SendError: Error {}
