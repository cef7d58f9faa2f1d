/// Work that blocks on the disk runs here, on a thread of its own: not on those that all tasks share.
public enum Background {
    /// For walks that go 256 directories down by recursion; only what is used of it takes memory.
    private static let stackSize = 16 << 20

    /// - Throws: what `body` throws; `SandboxError.setUpFailed` when the system has no thread left.
    public static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let code = DetachedThread.start(stackSize: stackSize) {
                continuation.resume(with: Result(catching: body))
            }
            if code != 0 {
                continuation.resume(throwing: SandboxError.setUpFailed(step: "start a thread", errno: code))
            }
        }
    }
}
