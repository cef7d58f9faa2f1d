import AgentProtocol
import JSONRPC

extension ServerCore {
    /// Brings a session's result into the user's buffers and files, and tells the service what came of it.
    func apply(_ params: AgentApply.Params) async throws -> AgentApply.Result {
        let id = params.sessionId
        guard let session = sessions[id] else {
            throw ResponseError(code: .invalidParams, message: "not attached to this session")
        }
        guard session.isFolderTrusted else {
            throw ResponseError(
                code: .requestFailed,
                message: "\(session.folder) is not a workspace folder of this editor; open it to apply the result")
        }
        guard applying.insert(id).inserted else {
            throw ResponseError(code: .requestFailed, message: "the result is being applied already")
        }
        defer { applying.remove(id) }

        let diff = try await call(
            AgentDiff.self, .init(sessionId: id, paths: params.paths, includeContents: true))
        let named = Set(params.paths ?? [])
        let wanted = params.paths == nil ? diff.files : diff.files.filter { named.contains($0.path) }
        let result = await write(planner(session.folder, named: named).plan(wanted), label: label(id), session.folder)

        await recordApplied(result, of: id, tree: diff.treeHash, isWhole: wanted.count == diff.files.count)
        await reportApplied(result, of: id)
        return result
    }

    private func planner(_ folder: String, named: Set<String>) -> ApplyPlanner {
        ApplyPlanner(
            folder: folder, documents: documents, files: environment.files, features: features,
            writesToDisk: settings.fileEdits == .disk, named: named)
    }

    private func label(_ id: String) -> String { "Cofferdam: result of \(sessions.shortName(id))" }

    /// Editor first: what it refuses is not written elsewhere either.
    private func write(_ plan: ApplyPlan, label: String, _ folder: String) async -> AgentApply.Result {
        var applied = plan.unchanged
        var conflicts = plan.conflicts
        if !plan.edits.isEmpty {
            if let failure = await sendEdit(plan.workspaceEdit(features), label) {
                conflicts += plan.edits.map { ApplyConflict(path: $0.path, reason: failure) }
            } else {
                applied += plan.edits.map(\.path)
            }
        }
        let failed = Set(conflicts.map(\.path))
        for step in plan.disk where !failed.contains(step.path.text) {
            do throws(FileAccessError) {
                if try perform(step, folder) {
                    applied.append(step.path.text)
                } else {
                    conflicts.append(ApplyConflict(path: step.path.text, reason: "the file changed meanwhile"))
                }
            } catch {
                conflicts.append(ApplyConflict(path: step.path.text, reason: error.description))
            }
        }
        return AgentApply.Result(applied: Array(Set(applied)).sorted(), conflicts: conflicts)
    }

    /// Nil when the editor has applied it, else why not.
    private func sendEdit(_ edit: LSP.WorkspaceEdit, _ label: String) async -> String? {
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

    /// False when the file is no longer what the plan was made for.
    private func perform(_ step: ApplyPlan.DiskStep, _ folder: String) throws(FileAccessError) -> Bool {
        let files = environment.files
        let current = try files.read(step.path, beneath: folder, limit: ApplyPlanner.mostBytes)?.bytes
        switch step {
        case .write(let path, let bytes, let expected, let executable):
            guard current == expected else { return false }
            try files.write(bytes, to: path, beneath: folder, executable: executable)
        case .remove(let path, let expected):
            guard current == expected else { return false }
            try files.remove(path, beneath: folder)
        }
        return true
    }

    private func recordApplied(_ result: AgentApply.Result, of id: String, tree: String, isWhole: Bool) async {
        let isComplete = isWhole && result.conflicts.isEmpty
        if isComplete { sessions.modify(id) { $0.isApplied = true } }
        for path in result.applied { shifts[id]?[path] = nil }
        await publish(clearDiagnostics(of: id, applied: result.applied, isComplete: isComplete))
        do {
            _ = try await call(
                AgentApplied.self,
                .init(sessionId: id, treeHash: tree, applied: result.applied, conflicts: result.conflicts))
        } catch {
            await showMessage(.warning, session: id, "applied, but the service could not be told: \(error)")
        }
    }

    private func reportApplied(_ result: AgentApply.Result, of id: String) async {
        if !result.conflicts.isEmpty {
            let reasons = result.conflicts.prefix(5).map {
                "\(DisplayText.exact($0.path, limit: 80)): \(DisplayText.exact($0.reason, limit: 200))"
            }
            let more = result.conflicts.count > 5 ? " and \(result.conflicts.count - 5) more" : ""
            await showMessage(
                .warning, session: id, "not applied: \(reasons.joined(separator: "; "))\(more)")
        }
        guard !settings.forwardsProgress, !result.applied.isEmpty else { return }
        await showMessage(.info, session: id, "applied \(Wording.files(result.applied))")
    }
}

extension ApplyPlan.DiskStep {
    var path: WorkspacePath {
        switch self {
        case .write(let path, _, _, _), .remove(let path, _): path
        }
    }
}
