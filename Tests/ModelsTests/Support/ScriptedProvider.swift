import Synchronization

@testable import Models

/// A provider whose attempts are scripted: the events of each, and the error that ends it.
final class ScriptedProvider: ModelProvider {
    typealias Attempt = (events: [ModelEvent], error: (any Error)?)

    private let attempts: Mutex<[Attempt]>
    private let received = Mutex<[ModelRequest]>([])

    init(_ attempts: [Attempt]) {
        self.attempts = Mutex(attempts)
    }

    var identifier: String { "scripted/model" }
    var requests: [ModelRequest] { received.withLock { $0 } }

    func shutdown() async {}

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        received.withLock { $0.append(request) }
        let attempt = attempts.withLock { $0.isEmpty ? ([], ModelError.replayExhausted(turns: 0)) : $0.removeFirst() }
        return AsyncThrowingStream { continuation in
            for event in attempt.events { continuation.yield(event) }
            continuation.finish(throwing: attempt.error)
        }
    }
}

/// A clock on which every sleep ends at once; it remembers how long each was to be.
final class RecordingClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration = .zero
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let state = Mutex<(now: Instant, sleeps: [Duration])>((Instant(), []))

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.sleeps.append(state.now.duration(to: deadline))
            state.now = deadline
        }
    }
}
