import AgentProtocol
import Models

extension TokenUsage {
    init(_ usage: ModelUsage) {
        self.init(
            inputTokens: usage.input, outputTokens: usage.output, cacheReadTokens: usage.cacheRead,
            cacheWriteTokens: usage.cacheWrite)
    }

    static func += (left: inout TokenUsage, right: TokenUsage) {
        left.inputTokens += right.inputTokens
        left.outputTokens += right.outputTokens
        left.cacheReadTokens += right.cacheReadTokens
        left.cacheWriteTokens += right.cacheWriteTokens
    }
}
