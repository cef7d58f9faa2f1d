extension LocalDriver {
    public func changes(leftBy spec: SandboxSpec) async throws -> [WorkspaceChange] {
        let state = StateDirectory(path: spec.stateDirectory)
        guard let record = SandboxRecord.read(state.path), record.id == spec.id else {
            throw SandboxError.lost("there is no sandbox in \(state.path)")
        }
        return try OverlayChanges(
            base: spec.base, upper: state.upper, attributes: state.marks(ofOwnUser: record.user != nil),
            layers: spec.layers.workspace
        ).collect()
    }
}
