import AgentProtocol
import Git
import Policy
import Workspace

extension AgentSession {
    /// The session's result: what `agent/diff` hands over.
    /// - Throws: `AgentError.notLive` when the sandbox is gone or was never there, `AgentError.invalidParams` when so
    ///   much at once is more than the service holds in memory.
    public func diff(_ params: AgentDiff.Params) async throws -> AgentDiff.Result {
        // A service that was just started again may still be looking for the sandbox.
        await settleResume()
        guard let ready, state.isLive else {
            throw AgentError.notLive("the session has no sandbox (\(state.rawValue)); its result is not at hand")
        }
        return try await difference(params, ready)
    }

    private func difference(_ params: AgentDiff.Params, _ ready: Ready) async throws -> AgentDiff.Result {
        let work = try await ready.changes.state()
        let wanted = params.paths.map(Set.init)
        var files: [FileDifference] = []
        var bytes = 0
        for change in work.changes where wanted?.contains(change.path) ?? true {
            let file = try difference(change, ready.snapshot, params.includeContents ?? false)
            bytes += [file.patch, file.oldContents, file.newContents].reduce(0) { $0 + ($1?.utf8.count ?? 0) }
            guard bytes <= configuration.limits.resultBytes else {
                throw AgentError.invalidParams(
                    "the result is larger than \(configuration.limits.resultBytes >> 20) MiB; ask for some of its paths"
                )
            }
            files.append(file)
        }
        return AgentDiff.Result(
            treeHash: work.treeHash, baseTreeHash: ready.snapshot.treeHash, files: files,
            patch: files.map(\.patch).joined())
    }

    /// Keeps the result beside the session's folder, so that it outlives the sandbox and the service.
    func keepResult() async {
        let all = AgentDiff.Params(sessionId: configuration.sessionId, includeContents: true)
        guard let ready else { return }
        let file = ResultFile(stateDirectory: configuration.stateDirectory)
        do {
            try await file.save(try await difference(all, ready))
        } catch {
            // Better none than one that is not the last.
            await file.remove()
        }
    }

    private func difference(
        _ change: ChangeTracker.Change, _ snapshot: WorkspaceSnapshot, _ withContents: Bool
    ) throws -> FileDifference {
        let limit = configuration.limits.resultFileBytes
        let old: [UInt8]?
        switch change.old?.mode {
        case nil: old = nil
        case .symbolicLink?: old = FileBytes.readLink("\(snapshot.base)/\(change.path)")
        default: old = FileBytes.read("\(snapshot.base)/\(change.path)", limit: limit)
        }
        let new = change.new == nil ? nil : try change.file.contents(maximumBytes: limit)
        let patch = try UnifiedDiff.make(
            old: change.old == nil ? nil : old ?? [], new: new, path: change.path,
            oldMode: change.old?.mode ?? .regular, newMode: change.new?.mode ?? .regular)
        return FileDifference(
            path: change.path, change: change.kind, binary: patch.binary, oldMode: change.old?.mode.rawValue,
            newMode: change.new?.mode.rawValue, oldHash: change.old?.blob.description,
            newHash: change.new?.blob.description, patch: patch.text,
            hunks: [DiffHunk].of(patch, isLink: change.isLink),
            oldContents: withContents ? old.map(Base64.encode) : nil,
            newContents: withContents ? new.map(Base64.encode) : nil,
            sensitive: PolicyLayer.isSensitive(path: change.path, isLink: change.isLink) ? true : nil)
    }
}

extension ChangeTracker.Change {
    fileprivate var isLink: Bool { old?.mode == .symbolicLink || new?.mode == .symbolicLink }
}
