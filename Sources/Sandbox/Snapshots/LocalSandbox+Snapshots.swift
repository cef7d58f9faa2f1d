extension LocalSandbox {
    func snapshot(_ step: Int, into store: SnapshotStore) async throws -> SnapshotReport {
        let roots = state.snapshotRoots(spec)
        let marks = process.overlayAttributes
        return try await DiskWork.run { [process] () throws(SandboxError) -> SnapshotReport in
            try store.take(step, of: roots, marks: marks) {
                // What cannot be known is doubted.
                process.program.flatMap(ProcessChildren.anyBeneath(program:)) ?? true
            }
        }
    }
}

/// Work that blocks on the disk, on a thread of its own: not on those that all tasks share.
enum DiskWork {
    /// For walks that go 256 directories down by recursion; only what is used of it takes memory.
    private static let stackSize = 16 << 20

    static func run<T: Sendable>(
        _ body: @escaping @Sendable () throws(SandboxError) -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let code = DetachedThread.start(stackSize: stackSize) {
                do throws(SandboxError) {
                    continuation.resume(returning: try body())
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            if code != 0 {
                continuation.resume(throwing: SandboxError.setUpFailed(step: "start a thread", errno: code))
            }
        }
    }
}
