/// Asks the first of several models that answers.
///
/// What a model had yielded before another one goes on is void: the event ``ModelEvent/switched(_:)`` says so. As
/// answers count only when they are complete, no tool call is lost or run twice by a switch.
public struct ModelRouter: Sendable {
    public let health: ModelHealth
    private let hurried: RetryPolicy

    /// - Parameter hurried: how a model is asked again while others could take over.
    public init(health: ModelHealth, hurried: RetryPolicy = .hurried) {
        self.health = health
        self.hurried = hurried
    }

    /// The models in the order in which they will be asked, and why some were passed by: those that rest come last, and
    /// after them, where the conversation has pictures, those that cannot look at them.
    func order(
        _ candidates: [RoutedModel], hasPictures: Bool
    ) -> (order: [RoutedModel], passed: [String: String]) {
        let seeing = hasPictures ? candidates.filter(\.model.readsImages) : candidates
        guard !seeing.isEmpty, seeing.count < candidates.count else { return order(candidates) }
        var (order, passed) = order(seeing)
        let others = candidates.filter { !$0.model.readsImages }
        for other in others { passed[other.name] = Self.looksAtNothing }
        order += others.filter { !health.isResting($0.model) } + others.filter { health.isResting($0.model) }
        return (order, passed)
    }

    private static let looksAtNothing = "cannot look at pictures"

    /// The first of them is tried now.
    func order(_ candidates: [RoutedModel]) -> (order: [RoutedModel], passed: [String: String]) {
        guard candidates.count > 1 else { return (candidates, [:]) }
        var awake: [RoutedModel] = []
        var resting: [RoutedModel] = []
        var passed: [String: String] = [:]
        for candidate in candidates {
            // Only what is asked at once is tried; the others are as they are when their turn comes.
            if awake.isEmpty, let reason = health.reasonToPass(candidate.model) {
                passed[candidate.name] = "rests: \(reason)"
                resting.append(candidate)
            } else if !awake.isEmpty, health.isResting(candidate.model) {
                resting.append(candidate)
            } else {
                awake.append(candidate)
            }
        }
        return (awake + resting, passed)
    }

    /// - Parameters:
    ///   - candidates: in order of preference.
    ///   - previous: who answered last, for the event that tells of another; nil when nobody has.
    ///   - refused: pictures of the conversation that endpoints refused so far.
    ///   - failed: called for each failure, the caller's own book.
    public func stream(
        _ request: ModelRequest, _ candidates: [RoutedModel], previous: String?,
        refused: RefusedPictures = RefusedPictures(),
        failed: @escaping @Sendable (RoutedModel, ModelError) async -> Void = { _, _ in }
    ) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await run(request, candidates, previous, refused, failed) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func run(
        _ request: ModelRequest, _ candidates: [RoutedModel], _ previous: String?, _ refused: RefusedPictures,
        _ failed: @Sendable (RoutedModel, ModelError) async -> Void, _ emit: (ModelEvent) -> Void
    ) async throws {
        let hasPictures = request.hasPictures
        let (order, passed) = order(candidates, hasPictures: hasPictures)
        guard let first = order.first else { throw ModelError.notConfigured("No model plays this role.") }
        if let previous, previous != first.name {
            let reason = passed[previous].map { "\(previous) \($0)" } ?? "\(first.name) is to be asked first"
            emit(.switched(ModelSwitch(from: previous, to: first.name, reason: reason)))
        }
        var failures: [ModelError.Failure] = []
        for (position, candidate) in order.enumerated() {
            let next = position + 1 < order.count ? order[position + 1] : nil
            do {
                return try await ask(candidate, request, refused, isLast: next == nil, emit)
            } catch let error as ModelError {
                health.failed(candidate.model, error)
                await failed(candidate, error)
                guard error.isWorthAnotherModel else { throw error }
                failures.append(ModelError.Failure(model: candidate.name, reason: error.description))
                guard let next else {
                    throw failures.count == 1 ? error : ModelError.noModelAnswered(failures)
                }
                let isBlind = hasPictures && candidate.model.readsImages && !next.model.readsImages
                let reason = isBlind ? "\(error.summary); \(next.name) \(Self.looksAtNothing)" : error.summary
                emit(.switched(ModelSwitch(from: candidate.name, to: next.name, reason: reason)))
            }
        }
    }

    /// Asks with the pictures that the model can have, and once more without them when its endpoint refuses them: a
    /// picture that cannot be read would otherwise end the conversation.
    private func ask(
        _ candidate: RoutedModel, _ request: ModelRequest, _ refused: RefusedPictures, isLast: Bool,
        _ emit: (ModelEvent) -> Void
    ) async throws {
        let fitted = request.fitted(to: candidate.model, refused)
        let pictures = fitted.pictures
        do {
            try await ask(candidate, fitted, isLast: isLast, emit)
        } catch let error as ModelError {
            guard case .invalidRequest = error, !pictures.isEmpty else { throw error }
            emit(.retrying(reason: "\(error.description) It is asked again without the pictures.", delay: .zero))
            let trial = RefusedPictures()
            trial.refused(pictures, by: candidate.name)
            do { try await ask(candidate, fitted.fitted(to: candidate.model, trial), isLast: isLast, emit) } catch let
                again
                as ModelError
            {
                // It was something else.
                if case .invalidRequest = again { throw error }
                throw again
            }
            refused.refused(pictures, by: candidate.name)
        }
    }

    private func ask(
        _ candidate: RoutedModel, _ request: ModelRequest, isLast: Bool, _ emit: (ModelEvent) -> Void
    ) async throws {
        let provider =
            if !isLast, let patient = candidate.provider as? RetryingProvider {
                patient.following(hurried) as any ModelProvider
            } else {
                candidate.provider
            }
        for try await event in provider.stream(request) {
            guard case .completed(var response) = event else {
                emit(event)
                continue
            }
            health.answered(candidate.model)
            response.answeredBy = candidate.name
            return emit(.completed(response))
        }
        try Task.checkCancellation()
        throw ModelError.streamCut("the stream ended without an answer")
    }
}

extension RetryPolicy {
    /// While another model could take over: a hiccup is worth a second attempt, an outage is not worth a wait.
    public static var hurried: RetryPolicy {
        var policy = RetryPolicy()
        policy.maximumAttempts = 2
        policy.maximumStalledAttempts = 1
        policy.maximumMalformedAttempts = 1
        policy.maximumRetryAfter = .seconds(2)
        return policy
    }
}
