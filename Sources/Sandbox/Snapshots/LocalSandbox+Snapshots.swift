extension LocalSandbox {
    func snapshot(_ step: Int, into store: SnapshotStore) async throws -> SnapshotReport {
        let roots = state.snapshotRoots(spec)
        let marks = process.overlayAttributes
        let copy = marks == .copy ? copiedTrees : []
        return try await DiskWork.run { [process] () throws(SandboxError) -> SnapshotReport in
            // How many is worth no lost step.
            let count = { try? copy.reduce(0) { $0 + (try $1.collect().count) } }
            return try store.take(step, of: roots, marks: marks, changes: copy.isEmpty ? nil : count) {
                // What cannot be known is doubted.
                process.program.flatMap(ProcessChildren.anyBeneath(program:)) ?? true
            }
        }
    }

    /// Where a workspace that is a copy differs from what was copied.
    private var copiedTrees: [OverlayChanges] {
        let workspace = OverlayChanges(
            base: spec.base, upper: state.upper, attributes: .copy, layers: spec.layers.workspace)
        guard spec.homeIsOnDisk else { return [workspace] }
        return [
            workspace,
            OverlayChanges(base: state.empty, upper: state.homeUpper, attributes: .copy, layers: spec.layers.home),
        ]
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
