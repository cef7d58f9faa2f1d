import Dispatch
import Synchronization

/// Whether what asked for some work still wants it.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() { flag.store(true, ordering: .relaxed) }
}

/// Work on the disk that takes long: off the few threads that Swift's tasks share.
enum BlockingWork {
    private static let queue = DispatchQueue(label: "cofferdam.environments", attributes: .concurrent)

    /// Runs `body`, which looks at its argument now and then.
    static func run<T: Sendable>(_ body: @escaping @Sendable (Cancellation) throws -> T) async throws -> T {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try body(cancellation) }) }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
