/// What a model stream yields. The last event of a stream that does not throw is `completed`.
///
/// Deltas and tool calls are for display while the turn runs; ``ModelResponse/content`` is what counts. Run tools only
/// after `completed`: an attempt that breaks off is void, together with the calls that it announced.
public enum ModelEvent: Sendable, Equatable {
    /// More of the answer's text.
    case textDelta(String)
    /// More of the reasoning.
    case reasoningDelta(String)
    /// A tool call whose arguments have arrived in full.
    case toolCall(ToolCall)
    /// The attempt failed and another follows after `delay`: discard all that this stream has yielded so far.
    case retrying(reason: String, delay: Duration)
    /// Another model is asked from here on: discard all that this stream has yielded so far.
    case switched(ModelSwitch)
    /// The whole answer.
    case completed(ModelResponse)
}

/// A model's whole answer to one request.
public struct ModelResponse: Sendable, Equatable {
    /// Model that answered, as the vendor names it.
    public var model: String
    /// Everything that it said, in order. Append it to the conversation as it is.
    public var content: [ContentBlock]
    public var stopReason: StopReason
    public var usage: ModelUsage
    /// Name in `models.yaml` of the model that answered; set by ``ModelRouter``.
    public var answeredBy: String?

    public init(
        model: String, content: [ContentBlock], stopReason: StopReason, usage: ModelUsage = ModelUsage(),
        answeredBy: String? = nil
    ) {
        self.model = model
        self.content = content
        self.stopReason = stopReason
        self.usage = usage
        self.answeredBy = answeredBy
    }

    /// All text of the answer, joined.
    public var text: String {
        content.reduce(into: "") { text, block in
            if case .text(let part) = block { text += part }
        }
    }

    /// The tool calls of the answer, in order.
    public var toolCalls: [ToolCall] {
        content.compactMap { block in
            if case .toolCall(let call) = block { call } else { nil }
        }
    }
}

/// Why a model stopped.
public enum StopReason: Sendable, Equatable {
    /// It has said what it had to say.
    case endTurn
    /// It waits for the results of its tool calls.
    case toolUse
    /// The limit of output tokens was reached: the answer is cut, and so may be the arguments of its last tool call.
    case maximumTokens
    /// It declines to answer, or a filter of the vendor cut it.
    case refusal
    /// Another reason, in the vendor's words.
    case other(String)
}

/// Tokens of one turn. Each token counts under exactly one of `input`, `cacheRead` and `cacheWrite`, or under `output`.
public struct ModelUsage: Sendable, Equatable {
    /// Input tokens neither read from nor written to the vendor's prompt cache.
    public var input: Int
    /// All output tokens, reasoning included.
    public var output: Int
    /// Input tokens read from the prompt cache.
    public var cacheRead: Int
    /// Input tokens written to the prompt cache.
    public var cacheWrite: Int
    /// The part of `output` that was reasoning, where the vendor tells; else 0.
    public var reasoning: Int

    public init(input: Int = 0, output: Int = 0, cacheRead: Int = 0, cacheWrite: Int = 0, reasoning: Int = 0) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.reasoning = reasoning
    }

    /// All tokens that the turn put before the model.
    public var totalInput: Int { input + cacheRead + cacheWrite }

    public static func + (left: ModelUsage, right: ModelUsage) -> ModelUsage {
        ModelUsage(
            input: left.input + right.input, output: left.output + right.output,
            cacheRead: left.cacheRead + right.cacheRead, cacheWrite: left.cacheWrite + right.cacheWrite,
            reasoning: left.reasoning + right.reasoning)
    }
}
