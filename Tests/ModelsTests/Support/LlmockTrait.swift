import Testing

/// Starts one llmock for a whole suite, whose tests reach it with `LlmockServer.shared`.
struct LlmockTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await LlmockServer.with { server in
            try await LlmockServer.$current.withValue(server) { try await function() }
        }
    }
}

extension Trait where Self == LlmockTrait {
    static var llmockServer: LlmockTrait { LlmockTrait() }
}

extension LlmockServer {
    @TaskLocal fileprivate static var current: LlmockServer?

    /// Runs `body` with the server of the suite.
    static func shared<Result>(_ body: (LlmockServer) async throws -> Result) async throws -> Result {
        guard let current else { throw Failure.couldNotStart("the suite has no llmockServer trait") }
        return try await body(current)
    }
}
