import AgentProtocol
import JSONRPC

extension ServerCore {
    /// Brings a session's result into the user's buffers and files, and tells the service what came of it.
    func apply(_ params: AgentApply.Params) async throws -> AgentApply.Result {
        let id = params.sessionId
        guard let session = sessions[id] else {
            throw ResponseError(code: .invalidParams, message: "not attached to this session")
        }
        guard session.isFolderTrusted else { throw Self.untrusted(session.folder) }
        return try await applying(id) {
            let selection = ResultSelection(paths: params.paths, hunks: params.hunks)
            let diff = try await call(
                AgentDiff.self, .init(sessionId: id, paths: selection.wanted, includeContents: true))
            let outcome = await engine(id, session.folder).apply(
                diff.files, selection, label: "Cofferdam: result of \(sessions.shortName(id))")
            let result = AgentApply.Result(applied: outcome.applied, conflicts: outcome.conflicts)
            await recordApplied(result, of: id, tree: diff.treeHash, isWhole: selection.isWhole)
            await report(outcome, of: id, "applied")
            return result
        }
    }

    /// Takes the newest apply back. The session need not be attached: what is needed is on disk.
    func undo(_ params: AgentUndo.Params) async throws -> AgentUndo.Result {
        let (id, folder) = try undoable(params)
        return try await applying(id) {
            let label = "Cofferdam: undo of \(sessions.shortName(id))"
            guard let outcome = await engine(id, folder).undo(label: label) else { throw Self.nothingToUndo }
            if outcome.conflicts.isEmpty { sessions.modify(id) { $0.isApplied = false } }
            // The service forgets sessions sooner than files forget what was written into them.
            _ = try? await call(
                AgentApplied.self,
                .init(
                    sessionId: id, treeHash: "", applied: outcome.applied, conflicts: outcome.conflicts, scope: .undone)
            )
            await report(outcome, of: id, "undone")
            return AgentUndo.Result(
                sessionId: id, undone: outcome.applied, conflicts: outcome.conflicts, left: outcome.left)
        }
    }

    private static var nothingToUndo: ResponseError {
        ResponseError(code: .requestFailed, message: "nothing was applied that could be undone")
    }

    private static func untrusted(_ folder: String) -> ResponseError {
        ResponseError(
            code: .requestFailed,
            message: "\(folder) is not a workspace folder of this editor; open it to apply the result")
    }

    private func undoable(_ params: AgentUndo.Params) throws -> (id: String, folder: String) {
        let known = params.sessionId.flatMap { sessions[$0]?.folder }
        guard let folder = try params.workspaceFolder.map(Self.absolute) ?? known ?? folders.first else {
            throw ResponseError(code: .invalidParams, message: "there is no workspace folder: name it")
        }
        guard workspaceFolder(of: folder) != nil else { throw Self.untrusted(folder) }
        let record = params.sessionId.map { memory.load($0, folder) } ?? memory.newest(in: folder)
        guard let record, !record.operations.isEmpty else { throw Self.nothingToUndo }
        return (record.session, folder)
    }

    /// The path of a `workspaceFolder`.
    static func absolute(_ folder: String) throws(ResponseError) -> String {
        guard let path = FileURI.path(ofPathOrURI: folder) else {
            throw ResponseError(
                code: .invalidParams, message: "workspaceFolder: neither an absolute path nor a file: URI")
        }
        return path
    }

    /// One at a time for each session.
    private func applying<Value>(_ id: String, _ body: () async throws -> Value) async throws -> Value {
        guard applying.insert(id).inserted else {
            throw ResponseError(code: .requestFailed, message: "the result is being applied already")
        }
        defer { applying.remove(id) }
        return try await body()
    }

    private var memory: ApplyMemory { ApplyMemory(stateDirectory: environment.stateDirectory) }

    private func engine(_ id: String, _ folder: String) -> ApplyEngine {
        ApplyEngine(
            session: id, folder: folder, surface: EditorSurface(core: self), memory: memory,
            merge: { try await self.call(AgentMerge.self, $0) })
    }

    /// What the user has right now.
    fileprivate func planner(_ folder: String) -> ApplyPlanner {
        ApplyPlanner(
            folder: folder, documents: documents, files: environment.files, features: features,
            writesToDisk: settings.fileEdits == .disk)
    }

    /// Nil when the editor has applied it, else why not.
    fileprivate func sendEdit(_ edit: LSP.WorkspaceEdit, _ label: String) async -> String? {
        guard let connection else { return "the editor is gone" }
        do {
            let result = try await connection.request(
                LSP.ApplyWorkspaceEdit.self, .init(label: label, edit: edit))
            if result.applied { return nil }
            let reason = result.failureReason.map { ": \(DisplayText.exact($0, limit: 300))" } ?? ""
            return "the editor did not apply the edit\(reason)"
        } catch {
            return "the editor did not apply the edit: \(DisplayText.exact("\(error)", limit: 300))"
        }
    }

    private func recordApplied(_ result: AgentApply.Result, of id: String, tree: String, isWhole: Bool) async {
        let isComplete = isWhole && result.conflicts.isEmpty
        if isComplete { sessions.modify(id) { $0.isApplied = true } }
        await publish(clearDiagnostics(of: id, applied: result.applied, isComplete: isComplete))
        do {
            _ = try await call(
                AgentApplied.self,
                .init(
                    sessionId: id, treeHash: tree, applied: result.applied, conflicts: result.conflicts,
                    scope: isWhole ? nil : .part))
        } catch {
            await showMessage(.warning, session: id, "applied, but the service could not be told: \(error)")
        }
    }

    private func report(_ outcome: ApplyEngine.Outcome, of id: String, _ verb: String) async {
        if let trouble = outcome.trouble {
            await showMessage(.warning, session: id, "\(verb), but this cannot be undone later: \(trouble)")
        }
        if !outcome.conflicts.isEmpty {
            let reasons = outcome.conflicts.prefix(5).map {
                "\(DisplayText.exact($0.path, limit: 80)): \(DisplayText.exact($0.reason, limit: 200))"
            }
            let more = outcome.conflicts.count > 5 ? " and \(outcome.conflicts.count - 5) more" : ""
            await showMessage(
                .warning, session: id, "not \(verb): \(reasons.joined(separator: "; "))\(more)")
        }
        // An editor that is told of every event says this itself, and reads the files again itself.
        guard !settings.forwardsProgress, !outcome.applied.isEmpty else { return }
        let reload =
            outcome.reload.isEmpty ? "" : "; changed on disk, read again: \(Wording.files(outcome.reload.sorted()))"
        await showMessage(.info, session: id, "\(verb) \(Wording.files(outcome.applied))\(reload)")
    }
}

/// Buffers first, files where there are none.
private struct EditorSurface: ApplySurface {
    let core: ServerCore

    func planner(_ folder: String) async -> ApplyPlanner { await core.planner(folder) }
    func edit(_ edit: LSP.WorkspaceEdit, _ label: String) async -> String? { await core.sendEdit(edit, label) }
}
