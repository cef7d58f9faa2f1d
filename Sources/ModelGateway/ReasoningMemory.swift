import Models
import Synchronization

/// What the session's models thought before their tool calls, which programs do not hand back, or could forge.
///
/// A vendor wants it back with the calls, unchanged; it is found by them. The oldest are forgotten first.
final class ReasoningMemory: Sendable {
    private struct State {
        var answers: [String: [ContentBlock]] = [:]
        var order: [String] = []
        var bytes = 0
    }

    private let state = Mutex(State())
    private static let maximumAnswers = 512
    private static let maximumBytes = 8 << 20

    func keep(_ response: ModelResponse) {
        let hasReasoning = response.content.contains { if case .reasoning = $0 { true } else { false } }
        guard hasReasoning, let key = Self.key(response.content) else { return }
        let size = Self.size(response.content)
        guard size <= Self.maximumBytes else { return }
        state.withLock { state in
            guard state.answers[key] == nil else { return }
            state.answers[key] = response.content
            state.order.append(key)
            state.bytes += size
            while state.order.count > Self.maximumAnswers || state.bytes > Self.maximumBytes {
                let oldest = state.order.removeFirst()
                state.bytes -= state.answers.removeValue(forKey: oldest).map(Self.size) ?? 0
            }
        }
    }

    /// Puts back what belongs to the calls in a conversation.
    func restore(_ messages: inout [ModelMessage]) {
        for index in messages.indices where messages[index].role == .assistant {
            guard let key = Self.key(messages[index].content),
                let answer = state.withLock({ $0.answers[key] })
            else { continue }
            messages[index].content = answer
        }
    }

    /// The calls of an answer, as one text; nil without any.
    private static func key(_ content: [ContentBlock]) -> String? {
        var key = ""
        for case .toolCall(let call) in content { key += "\(call.id.utf8.count):\(call.id)" }
        return key.isEmpty ? nil : key
    }

    private static func size(_ content: [ContentBlock]) -> Int {
        content.reduce(0) { sum, block in
            switch block {
            case .text(let text): sum + text.utf8.count
            case .reasoning(let reasoning):
                sum + reasoning.text.utf8.count + (reasoning.signature?.utf8.count ?? 0)
                    + (reasoning.redactedData?.utf8.count ?? 0)
            case .toolCall(let call): sum + call.argumentsText.utf8.count
            case .toolResult, .image: sum
            }
        }
    }
}
