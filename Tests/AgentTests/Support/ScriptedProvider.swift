import JSON
import Models
import Synchronization
import Testing

/// A model that says what the test wrote down, one step after the other, and keeps what it was asked.
final class ScriptedProvider: ModelProvider {
    typealias Step = @Sendable (ModelRequest) async throws -> [ModelEvent]

    let identifier = "scripted"
    private let steps: Mutex<[Step]>
    private let asked = Mutex<[ModelRequest]>([])

    init(_ steps: [Step]) { self.steps = Mutex(steps) }

    var requests: [ModelRequest] { asked.withLock { $0 } }

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        asked.withLock { $0.append(request) }
        let step = steps.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        return AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    guard let step else { throw ModelError.replayExhausted(turns: 0) }
                    for event in try await step(request) {
                        if event == Say.silence { try await Task.sleep(for: .seconds(3600)) }
                        continuation.yield(event)
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    func shutdown() async {}

    /// Every request's conversation is one that vendors take: speakers take turns, every call has exactly one result in
    /// the next message, nothing is empty.
    func checkConversations() {
        for request in requests { Self.check(request.messages) }
    }

    static func check(_ messages: [ModelMessage]) {
        #expect(messages.first?.role == .user)
        #expect(messages.last?.role == .user)
        for (index, message) in messages.enumerated() {
            #expect(!message.content.isEmpty)
            if index > 0 { #expect(message.role != messages[index - 1].role) }
            let calls = message.content.compactMap { block -> String? in
                if case .toolCall(let call) = block { call.id } else { nil }
            }
            guard index + 1 < messages.count else { continue }
            let results = messages[index + 1].content.compactMap { block -> String? in
                if case .toolResult(let result) = block { result.callID } else { nil }
            }
            #expect(results == calls)
        }
    }
}

/// Something that a scripted model says.
enum Say {
    /// Nothing more comes.
    static let silence = ModelEvent.retrying(reason: "silence", delay: .seconds(3600))

    static func text(
        _ text: String, _ stop: StopReason = .endTurn, usage: ModelUsage = ModelUsage(input: 10, output: 5)
    ) -> ScriptedProvider.Step {
        { _ in
            [
                .textDelta(text),
                .completed(ModelResponse(model: "m", content: [.text(text)], stopReason: stop, usage: usage)),
            ]
        }
    }

    static func calls(_ calls: ToolCall...) -> ScriptedProvider.Step { all(calls) }

    static func all(_ calls: [ToolCall]) -> ScriptedProvider.Step {
        { _ in
            calls.map(ModelEvent.toolCall) + [
                .completed(
                    ModelResponse(
                        model: "m", content: calls.map(ContentBlock.toolCall), stopReason: .toolUse,
                        usage: ModelUsage(input: 10, output: 5)))
            ]
        }
    }
}

func call(_ id: String, _ name: String, _ arguments: JSON) -> ToolCall {
    ToolCall(id: id, name: name, arguments: arguments)
}

func write(_ id: String, _ path: String, _ content: String) -> ToolCall {
    call(id, "write", ["path": .string(path), "content": .string(content)])
}

func run(_ id: String, _ command: String...) -> ToolCall {
    call(id, "run", ["command": .array(command.map(JSON.string))])
}

extension ModelRequest {
    /// Results that the last message carries, by call.
    var results: [String: ToolResult] {
        var all: [String: ToolResult] = [:]
        for case .toolResult(let result) in messages.last?.content ?? [] { all[result.callID] = result }
        return all
    }

    /// All that the user's side said last, as text.
    var lastText: String {
        (messages.last?.content ?? []).compactMap { block in
            if case .text(let text) = block { text } else { nil }
        }.joined(separator: "\n")
    }
}
