import AgentProtocol

/// Where results are written: an editor with its buffers, or just the disk.
protocol ApplySurface: Sendable {
    /// A planner for what the user has right now.
    func planner(_ folder: String) async -> ApplyPlanner
    /// - Returns: nil when the edit was made, else why not.
    func edit(_ edit: LSP.WorkspaceEdit, _ label: String) async -> String?
}

/// Brings changes into a folder: plans, merges what the user changed too, writes, and remembers.
struct ApplyEngine: Sendable {
    let session: String
    let folder: String
    let surface: any ApplySurface
    let memory: ApplyMemory
    let merge: @Sendable (AgentMerge.Params) async throws -> AgentMerge.Result

    struct Outcome: Sendable {
        var applied: [String] = []
        var conflicts: [ApplyConflict] = []
        /// Open files that were written on disk: the editor has to read them again.
        var reload: [String] = []
        /// Why the apply cannot be undone.
        var trouble: String?
        /// Applies that can be undone.
        var left = 0
        fileprivate var images: [String: ApplyPlan.Images] = [:]
        fileprivate var memory: [String: ApplyRecord.Entry] = [:]
    }

    /// - Parameter files: with their contents.
    func apply(_ files: [FileDifference], _ selection: ResultSelection, label: String) async -> Outcome {
        let (changes, conflicts) = selection.changes(files, memory.load(session, folder))
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        var outcome = await run(changes, label) { plan in
            // First: what a program that is killed now has written can be undone. Where this fails, so does what follows
            // the writing, and the user is told.
            _ = try? memory.update(session, folder) { $0.begin(name, plan.images) }
        }
        outcome.conflicts = conflicts + outcome.conflicts
        let (images, entries) = (outcome.images, outcome.memory)
        do throws(FileAccessError) {
            outcome.left = try memory.update(session, folder) { $0.apply(images, entries, begun: name) }
                .operations.count
        } catch {
            outcome.trouble = error.description
        }
        return outcome
    }

    /// - Returns: nil when there is nothing to undo.
    func undo(label: String) async -> Outcome? {
        guard let operation = memory.load(session, folder).operations.last else { return nil }
        var changes: [FileChange] = []
        for (path, file) in operation.files.sorted(by: { $0.key < $1.key }) {
            guard let path = try? WorkspacePath(path) else { continue }
            changes.append(FileChange(path: path, base: file.after, target: file.before))
        }
        var outcome = await run(changes, label) { _ in }
        let done = Set(outcome.applied)
        do throws(FileAccessError) {
            outcome.left = try memory.update(session, folder) { record in
                // Another program may have been quicker.
                if record.operations.last == operation { record.undo(done) }
            }.operations.count
        } catch {
            outcome.trouble = error.description
        }
        return outcome
    }

    private func run(
        _ changes: [FileChange], _ label: String, begin: (ApplyPlan) -> Void
    ) async -> Outcome {
        let planner = await surface.planner(folder)
        let plan = planner.plan(changes)
        guard !plan.merges.isEmpty else {
            begin(plan)
            return await write(plan, planner, label)
        }
        let (merged, refused) = await mergedFiles(plan.merges)
        // From the beginning: buffers and files may have changed meanwhile.
        var second = await surface.planner(folder)
        second.merged = merged
        var next = second.plan(changes)
        next.conflicts += next.merges.map {
            ApplyConflict(path: $0.path, reason: refused[$0.path] ?? "the file changed meanwhile; apply again")
        }
        begin(next)
        return await write(next, second, label)
    }

    /// What both sides changed is merged by the service; what cannot be merged stays as it is.
    /// - Returns: what came of the files, and why nothing came of the others.
    private func mergedFiles(
        _ sides: [MergeSides]
    ) async -> (merged: [String: ApplyPlanner.Merged], refused: [String: String]) {
        var merged: [String: ApplyPlanner.Merged] = [:]
        var refused: [String: String] = [:]
        do {
            let answer = try await merge(AgentMerge.Params(sessionId: session, files: sides))
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

    /// Editor first: what it refuses is not written elsewhere either.
    private func write(_ plan: ApplyPlan, _ planner: ApplyPlanner, _ label: String) async -> Outcome {
        var outcome = Outcome(conflicts: plan.conflicts)
        var done = Set(plan.unchanged)
        if !plan.edits.isEmpty {
            if let failure = await surface.edit(plan.workspaceEdit(planner.features), label) {
                outcome.conflicts += plan.edits.map { ApplyConflict(path: $0.path, reason: failure) }
            } else {
                done.formUnion(plan.edits.map(\.path))
            }
        }
        var failed = Set(outcome.conflicts.map(\.path))
        for step in plan.disk where !failed.contains(step.path.text) {
            let path = step.path.text
            do throws(FileAccessError) {
                try step.perform(planner.files, folder)
                done.insert(path)
                if plan.shown.contains(path) { outcome.reload.append(path) }
            } catch {
                failed.insert(path)
                outcome.conflicts.append(ApplyConflict(path: path, reason: error.description))
            }
        }
        done.subtract(failed)
        outcome.conflicts += plan.marked.filter(done.contains).map {
            ApplyConflict(path: $0, reason: MergedFile.markersNotice)
        }
        outcome.applied = done.sorted()
        outcome.images = plan.images.filter { done.contains($0.key) }
        outcome.memory = plan.memory.filter { done.contains($0.key) }
        return outcome
    }
}

extension ApplyPlan.DiskStep {
    /// - Throws: `FileAccessError.changed` when the file is no longer what the plan was made for.
    func perform(_ files: any FileAccess, _ folder: String) throws(FileAccessError) {
        let current = try files.look(path, beneath: folder, limit: ResultSelection.mostBytes)
        if case .mode(let executable) = action {
            guard current.bytes != nil else { throw .changed(path: path.text) }
            return try files.setExecutable(executable, path, beneath: folder)
        }
        guard current == expected else { throw .changed(path: path.text) }
        switch action {
        case .write(let bytes, let executable):
            try files.write(
                bytes, to: path, beneath: folder, executable: executable, replacesLink: expected.isLink)
        case .link(let target): try files.writeLink(target, to: path, beneath: folder)
        case .remove: try files.remove(path, beneath: folder, removesLink: expected.isLink)
        case .mode: break
        }
    }
}
