/// Something that answers model requests. The agent loop knows models only through this.
public protocol ModelProvider: Sendable {
    /// Vendor and model, such as `anthropic/claude-sonnet-4-5`; for logs and transcripts.
    var identifier: String { get }

    /// Asks for one turn. Work starts at once; ending the iteration, or cancelling the task that iterates, abandons it.
    ///
    /// The stream throws ``ModelError``, or `CancellationError` after a cancellation. A consumer that is behind does not
    /// hold the model up: events wait in memory, bounded by ``ModelLimits/maximumResponseBytes``.
    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error>

    /// Looks whether a request would be taken, without making one: nothing of it is paid for.
    /// - Returns: what is known then, for a person.
    /// - Throws: ``ModelError``, or `CancellationError`.
    func probe() async throws -> String

    /// Closes connections. Streams under way fail; no request may follow.
    func shutdown() async
}

extension ModelProvider {
    public func probe() async throws -> String { "it is there" }

    /// The whole answer, for callers that show nothing on the way.
    public func response(to request: ModelRequest) async throws -> ModelResponse {
        for try await event in stream(request) {
            if case .completed(let response) = event { return response }
        }
        try Task.checkCancellation()
        throw ModelError.streamCut("the provider \(identifier) ended its stream without an answer")
    }
}
