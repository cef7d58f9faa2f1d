import JSON
import Testing

@testable import Models

extension ModelProvider {
    /// All events of one turn, and the error that ended it.
    func outcome(of request: ModelRequest = .simple) async -> (events: [ModelEvent], error: (any Error)?) {
        var events: [ModelEvent] = []
        do {
            for try await event in stream(request) { events.append(event) }
            return (events, nil)
        } catch {
            return (events, error)
        }
    }

    /// The error that ends a turn; fails the test when there is none.
    func failure(of request: ModelRequest = .simple) async throws -> ModelError {
        let error = try #require(await outcome(of: request).error)
        return try #require(error as? ModelError)
    }
}

extension [ModelEvent] {
    /// The text deltas since the last restart, joined.
    var text: String {
        reduce(into: "") { text, event in
            switch event {
            case .textDelta(let part): text += part
            case .retrying: text = ""
            default: break
            }
        }
    }

    var reasoning: String {
        reduce(into: "") { text, event in
            if case .reasoningDelta(let part) = event { text += part }
        }
    }

    var toolCalls: [ToolCall] {
        compactMap { if case .toolCall(let call) = $0 { call } else { nil } }
    }

    var response: ModelResponse? {
        if case .completed(let response) = last { response } else { nil }
    }

    var restarts: Int {
        count { if case .retrying = $0 { true } else { false } }
    }
}

extension ModelRequest {
    static let simple = ModelRequest(messages: [.user("Hello")], sessionKey: "test")
}

extension ToolDefinition {
    static let readFile = ToolDefinition(
        name: "read_file", description: "Reads a file",
        parameters: ["type": "object", "properties": ["path": ["type": "string"]], "required": ["path"]])
    static let listFiles = ToolDefinition(
        name: "list_files", description: "Lists files", parameters: ["type": "object", "properties": [:]])
}
