extension LocalSandbox {
    func snapshot(_ step: Int, into store: SnapshotStore) async throws -> SnapshotReport {
        let roots = state.snapshotRoots(spec)
        let marks = process.overlayAttributes
        let copy = marks == .copy ? copiedTrees : []
        return try await Background.run { [process] in
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
