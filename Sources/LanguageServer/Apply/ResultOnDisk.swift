import AgentProtocol
import ServiceClient

/// Applies results to files on disk, where no editor takes part. What is remembered of it is shared with editors.
public struct ResultOnDisk: Sendable {
    private let service: any AgentServiceConnection
    private let stateDirectory: String

    /// - Parameter stateDirectory: the user's, which editors use too.
    public init(service: any AgentServiceConnection, stateDirectory: String) {
        self.service = service
        self.stateDirectory = stateDirectory
    }

    /// What came of an apply or an undo.
    public struct Outcome: Sendable {
        public var sessionId: String
        public var applied: [String]
        public var conflicts: [ApplyConflict]
        /// Why this cannot be undone later.
        public var trouble: String?
        /// Applies that can be undone.
        public var left: Int
    }

    /// What of the result is wanted.
    public struct Wish: Sendable {
        /// These files as a whole.
        public var paths: [String]?
        public var hunks: [HunkChoice]?
        /// What `agent/diff` said with contents when the user chose; absent: it is asked for.
        public var diff: AgentDiff.Result?

        public init(paths: [String]? = nil, hunks: [HunkChoice]? = nil, diff: AgentDiff.Result? = nil) {
            self.paths = paths
            self.hunks = hunks
            self.diff = diff
        }
    }

    /// Writes what is wanted, and tells the service.
    /// - Throws: what the service answers to `agent/diff` and `agent/applied`; conflicts are in the outcome.
    public func apply(_ sessionId: String, to folder: String, _ wish: Wish) async throws -> Outcome {
        let selection = ResultSelection(paths: wish.paths, hunks: wish.hunks)
        var given = wish.diff
        if given == nil {
            given = try await service.call(
                AgentDiff.self, .init(sessionId: sessionId, paths: selection.wanted, includeContents: true))
        }
        let diff = given ?? AgentDiff.Result(treeHash: "", baseTreeHash: "", files: [], patch: "")
        let outcome = await engine(sessionId, folder).apply(diff.files, selection, label: "")
        _ = try await service.call(
            AgentApplied.self,
            .init(
                sessionId: sessionId, treeHash: diff.treeHash, applied: outcome.applied, conflicts: outcome.conflicts,
                scope: selection.isWhole ? nil : .part))
        return Outcome(outcome, sessionId)
    }

    /// Takes the newest apply back; without a session, that of whichever was applied last in the folder. The service is
    /// only needed where something has to be merged.
    /// - Returns: nil when there is nothing to undo.
    public func undo(_ sessionId: String?, in folder: String) async -> Outcome? {
        let memory = ApplyMemory(stateDirectory: stateDirectory)
        guard let id = sessionId ?? memory.newest(in: folder)?.session,
            let outcome = await engine(id, folder).undo(label: "")
        else { return nil }
        _ = try? await service.call(
            AgentApplied.self,
            .init(sessionId: id, treeHash: "", applied: outcome.applied, conflicts: outcome.conflicts, scope: .undone))
        return Outcome(outcome, id)
    }

    private func engine(_ sessionId: String, _ folder: String) -> ApplyEngine {
        ApplyEngine(
            session: sessionId, folder: folder, surface: DiskSurface(),
            memory: ApplyMemory(stateDirectory: stateDirectory),
            merge: { try await service.call(AgentMerge.self, $0) })
    }
}

extension ResultOnDisk.Outcome {
    fileprivate init(_ outcome: ApplyEngine.Outcome, _ sessionId: String) {
        self.init(
            sessionId: sessionId, applied: outcome.applied, conflicts: outcome.conflicts, trouble: outcome.trouble,
            left: outcome.left)
    }
}

private struct DiskSurface: ApplySurface {
    func planner(_ folder: String) async -> ApplyPlanner {
        ApplyPlanner(
            folder: folder, documents: DocumentStore(), files: PosixFileAccess(), features: ClientFeatures(),
            writesToDisk: true)
    }

    func edit(_ edit: LSP.WorkspaceEdit, _ label: String) async -> String? { "there is no editor" }
}
