import Dispatch

/// Work that blocks on the disk runs here, off the threads that Swift's tasks share.
public enum Background {
    private static let queue = DispatchQueue(label: "cofferdam.disk", attributes: .concurrent)

    /// - Throws: what `body` throws.
    public static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
