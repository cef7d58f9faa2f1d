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
        let plan = await plan(wanted, of: id, in: session.folder, named: named)
        let result = await write(plan, label: label(id), session.folder)
        keepApplied(wanted, result, of: id)

        await recordApplied(result, of: id, tree: diff.treeHash, isWhole: wanted.count == diff.files.count)
        await reportApplied(result, of: id)
        return result
    }

    /// What both sides changed is merged by the service; what cannot be merged stays as it is.
    private func plan(
        _ wanted: [FileDifference], of id: String, in folder: String, named: Set<String>
    ) async -> ApplyPlan {
        let plan = planner(folder, named: named, of: id).plan(wanted)
        guard !plan.merges.isEmpty else { return plan }
        let (merged, refused) = await merge(plan.merges, of: id)
        // From the beginning: buffers and files may have changed meanwhile.
        var planner = planner(folder, named: named, of: id)
        planner.merged = merged
        var second = planner.plan(wanted)
        second.conflicts += second.merges.map {
            ApplyConflict(path: $0.path, reason: refused[$0.path] ?? "the file changed meanwhile; apply again")
        }
        return second
    }

    /// - Returns: what came of the files, and why nothing came of the others.
    private func merge(
        _ sides: [MergeSides], of id: String
    ) async -> (merged: [String: ApplyPlanner.Merged], refused: [String: String]) {
        var merged: [String: ApplyPlanner.Merged] = [:]
        var refused: [String: String] = [:]
        do {
            let answer = try await call(AgentMerge.self, .init(sessionId: id, files: sides))
            for (side, file) in zip(sides, answer.files) where side.path == file.path {
                guard let contents = file.contents.flatMap(Base64.decode), let current = Base64.decode(side.ours) else {
                    refused[file.path] = file.refusal
                    continue
                }
                merged[file.path] = .init(current: current, contents: contents, hasMarkers: file.conflicts)
            }
        } catch {
            for side in sides { refused[side.path] = "it could not be merged with your changes: \(error)" }
        }
        return (merged, refused)
    }

    private func planner(_ folder: String, named: Set<String>, of id: String) -> ApplyPlanner {
        ApplyPlanner(
            folder: folder, documents: documents, files: environment.files, features: features,
            writesToDisk: settings.fileEdits == .disk, named: named, applied: appliedContents[id])
    }

    private func keepApplied(_ wanted: [FileDifference], _ result: AgentApply.Result, of id: String) {
        let applied = Set(result.applied)
        for file in wanted where applied.contains(file.path) {
            appliedContents.keep(file.newContents.flatMap(Base64.decode), of: file.path, id)
        }
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
        let written = Set(applied)
        conflicts += plan.marked.filter(written.contains).map {
            ApplyConflict(path: $0, reason: MergedFile.markersNotice)
        }
        return AgentApply.Result(applied: written.sorted(), conflicts: conflicts)
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
