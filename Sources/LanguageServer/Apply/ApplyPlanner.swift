import AgentProtocol

/// Decides file by file how a result gets into the workspace. What the user changed since is never overwritten.
struct ApplyPlanner {
    let folder: String
    let documents: DocumentStore
    let files: any FileAccess
    let features: ClientFeatures
    let writesToDisk: Bool
    /// Files that the user named: only these may be ones that run elsewhere.
    let named: Set<String>

    /// What was written for this session before, by path: the user's changes since are told by it.
    var applied: [String: [UInt8]] = [:]
    /// What came of files that both sides changed.
    var merged: [String: Merged] = [:]

    struct Merged: Sendable {
        /// What the user had when it was merged.
        var current: [UInt8]
        var contents: [UInt8]
        var hasMarkers: Bool
    }

    /// A larger file is not compared and not written.
    static let mostBytes = 32 * 1024 * 1024

    private var mapper: PositionMapper { PositionMapper(encoding: features.encoding) }

    func plan(_ differences: [FileDifference]) -> ApplyPlan {
        var plan = ApplyPlan()
        var seen: Set<String> = []
        for difference in differences where seen.insert(difference.path).inserted {
            do {
                try add(difference, to: &plan)
            } catch {
                if let sides = error.sides {
                    plan.merges.append(sides)
                } else {
                    plan.conflicts.append(ApplyConflict(path: difference.path, reason: error.reason))
                }
            }
        }
        return plan
    }

    /// Why one file is not applied.
    private struct Conflict: Error {
        var reason: String
        /// Set when merging may help.
        var sides: MergeSides?
    }

    private func add(_ difference: FileDifference, to plan: inout ApplyPlan) throws(Conflict) {
        let path: WorkspacePath
        do throws(FileAccessError) { path = try WorkspacePath(difference.path) } catch {
            throw Conflict(reason: error.description)
        }
        if difference.sensitive == true, !named.contains(difference.path) {
            throw Conflict(
                reason: "this file runs outside the sandbox once it is applied; look at it and apply it by name")
        }
        for mode in [difference.oldMode, difference.newMode] where mode != nil && mode?.hasPrefix("100") == false {
            throw Conflict(reason: "not a regular file (mode \(mode ?? "")); take it over by hand")
        }
        let old = try contents(difference.oldContents, expected: difference.change != .added, "old")
        let new = try contents(difference.newContents, expected: difference.change != .deleted, "new")
        let target = Target(
            path: path, document: documents[path: FileURI.normalized("\(folder)/\(path.text)")],
            executable: executable(difference))
        guard let merged = merged[difference.path] else { return try add(target, old: old, new: new, to: &plan) }
        try add(target, old: merged.current, new: merged.contents, to: &plan)
        if merged.hasMarkers { plan.marked.append(difference.path) }
    }

    private struct Target {
        var path: WorkspacePath
        var document: OpenDocument?
        /// Set when the result changes it.
        var executable: Bool?
    }

    private func add(_ target: Target, old: [UInt8]?, new: [UInt8]?, to plan: inout ApplyPlan) throws(Conflict) {
        let onDisk = try read(target.path)
        var old = old
        if let document = target.document, isBufferAuthority(document, onDisk: onDisk) {
            old = base(target, old: old, current: document.buffer.bytes)
            try addBuffer(target, document, onDisk: onDisk, old: old, new: new, to: &plan)
            return
        }
        old = base(target, old: old, current: onDisk)
        guard onDisk != new else {
            // The contents are there already; the mode may not be.
            if let executable = target.executable, let onDisk {
                plan.disk.append(.write(target.path, onDisk, expected: onDisk, executable: executable))
            } else {
                plan.unchanged.append(target.path.text)
            }
            return
        }
        guard onDisk == old else { throw changedConflict(target, old: old, current: onDisk, new: new) }
        try addUnopened(target, old: old, new: new, to: &plan)
    }

    /// Whether the buffer, not the file, is what the user sees and works on.
    private func isBufferAuthority(_ document: OpenDocument, onDisk: [UInt8]?) -> Bool {
        let isSameAsDisk = onDisk.map { LineEndings.areEqual($0, document.buffer.bytes) } ?? false
        if !isSameAsDisk && document.isDirty { return true }
        return !writesToDisk && features.appliesEdits
    }

    // MARK: Open buffers

    private func addBuffer(
        _ target: Target, _ document: OpenDocument, onDisk: [UInt8]?, old: [UInt8]?, new: [UInt8]?,
        to plan: inout ApplyPlan
    ) throws(Conflict) {
        let current = document.buffer.bytes
        let isEmptyNew = old == nil && current.isEmpty
        if let new, current == new || document.fileBytes == new {
            plan.unchanged.append(target.path.text)
            return
        }
        guard isEmptyNew || old.map({ LineEndings.areEqual($0, current) }) == true else {
            throw changedConflict(target, old: old, current: current, new: new)
        }
        guard features.appliesEdits else {
            throw Conflict(reason: "the buffer has unsaved changes; save it and apply again")
        }
        guard let new else {
            try addDeletion(target, document, onDisk: onDisk, to: &plan)
            return
        }
        guard Self.isText(new) else { throw Conflict(reason: "the new contents are not UTF-8 text; close the buffer") }
        // In the buffer's own convention: the editor puts line endings and byte order mark back when it saves.
        let isPlain = LineEndings.plain(current) == current
        let text = isPlain ? LineEndings.plain(new) : new
        let edits = LineDifference.edits(from: document.buffer, to: TextBuffer(text), mapper: mapper)
        guard !edits.isEmpty else {
            plan.unchanged.append(target.path.text)
            return
        }
        plan.edits.append(
            .init(path: target.path.text, uri: document.uri, version: document.version, edits: edits))
        if let executable = target.executable, let onDisk {
            plan.disk.append(.write(target.path, onDisk, expected: onDisk, executable: executable))
        }
    }

    private func addDeletion(
        _ target: Target, _ document: OpenDocument, onDisk: [UInt8]?, to plan: inout ApplyPlan
    ) throws(Conflict) {
        if features.deletesFiles, !writesToDisk {
            plan.edits.append(
                .init(
                    path: target.path.text, uri: document.uri, version: document.version, edits: [],
                    operation: .delete))
        } else if let onDisk {
            plan.disk.append(.remove(target.path, expected: onDisk))
        } else {
            plan.unchanged.append(target.path.text)
        }
    }

    // MARK: Files

    private func addUnopened(
        _ target: Target, old: [UInt8]?, new: [UInt8]?, to plan: inout ApplyPlan
    ) throws(Conflict) {
        let usesEditor = features.appliesEdits && !writesToDisk && target.executable == nil
        let uri = FileURI.uri(of: FileURI.normalized("\(folder)/\(target.path.text)"))
        switch (old, new) {
        case (let old?, nil):
            if usesEditor, features.deletesFiles {
                plan.edits.append(.init(path: target.path.text, uri: uri, edits: [], operation: .delete))
            } else {
                plan.disk.append(.remove(target.path, expected: old))
            }
        case (let old?, let new?):
            // An editor may show such a file otherwise than it is (line endings, encoding): only plain text goes
            // through it unseen.
            if usesEditor, Self.isPlainText(old), Self.isPlainText(new) {
                let edits = LineDifference.edits(from: TextBuffer(old), to: TextBuffer(new), mapper: mapper)
                plan.edits.append(.init(path: target.path.text, uri: uri, edits: edits))
            } else {
                plan.disk.append(.write(target.path, new, expected: old, executable: target.executable))
            }
        case (nil, let new?):
            // Editors make no folders for a new file, or not all of them do.
            if usesEditor, features.createsFiles, Self.isPlainText(new),
                files.parentExists(target.path, beneath: folder)
            {
                let start = LSP.Position(line: 0, character: 0)
                let edit = LSP.TextEdit(
                    range: .init(start: start, end: start), newText: String(decoding: new, as: UTF8.self))
                let edits = new.isEmpty ? [] : [edit]
                plan.edits.append(.init(path: target.path.text, uri: uri, edits: edits, operation: .create))
            } else {
                plan.disk.append(.write(target.path, new, expected: nil, executable: target.executable))
            }
        case (nil, nil): plan.unchanged.append(target.path.text)
        }
    }

    private func read(_ path: WorkspacePath) throws(Conflict) -> [UInt8]? {
        do throws(FileAccessError) {
            return try files.read(path, beneath: folder, limit: Self.mostBytes)?.bytes
        } catch {
            throw Conflict(reason: error.description)
        }
    }

    private func contents(_ base64: String?, expected: Bool, _ side: String) throws(Conflict) -> [UInt8]? {
        guard expected else { return nil }
        guard let base64 else {
            throw Conflict(reason: "the service did not send the \(side) contents; take the file over by hand")
        }
        guard let bytes = Base64.decode(base64) else {
            throw Conflict(reason: "the service sent \(side) contents that are not base64")
        }
        guard bytes.count <= Self.mostBytes else { throw Conflict(reason: "larger than \(Self.mostBytes) bytes") }
        return bytes
    }

    private func executable(_ difference: FileDifference) -> Bool? {
        guard let newMode = difference.newMode else { return nil }
        let isExecutable = newMode == "100755"
        let wasExecutable = difference.oldMode == "100755"
        return isExecutable == wasExecutable ? nil : isExecutable
    }

    /// What the user's changes are to be told by: what was written before, unless it was undone.
    private func base(_ target: Target, old: [UInt8]?, current: [UInt8]?) -> [UInt8]? {
        guard let applied = applied[target.path.text], let current,
            old.map({ LineEndings.areEqual($0, current) }) != true, merged[target.path.text] == nil
        else { return old }
        return applied
    }

    private func changedConflict(_ target: Target, old: [UInt8]?, current: [UInt8]?, new: [UInt8]?) -> Conflict {
        switch (old, current, new) {
        case (nil, _, _):
            return Conflict(reason: "a file of this name was made meanwhile; move it away and apply again")
        case (_, nil, _): return Conflict(reason: "the file was removed meanwhile")
        case (_, _, nil): return Conflict(reason: "you changed the file, which the session deleted")
        case (let old?, let current?, let new?):
            let reason = "you changed the file since the session began; it was left as it is"
            guard merged[target.path.text] == nil else { return Conflict(reason: reason) }
            // As the editor shows it: it keeps line endings and byte order mark to itself.
            let isPlain = LineEndings.plain(current) == current
            let (base, theirs) = isPlain ? (LineEndings.plain(old), LineEndings.plain(new)) : (old, new)
            return Conflict(
                reason: reason,
                sides: MergeSides(
                    path: target.path.text, base: Base64.encode(base), ours: Base64.encode(current),
                    theirs: Base64.encode(theirs)))
        }
    }

    private static func isText(_ bytes: [UInt8]) -> Bool {
        !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
    }

    private static func isPlainText(_ bytes: [UInt8]) -> Bool {
        isText(bytes) && !bytes.contains(UInt8(ascii: "\r")) && !bytes.starts(with: LineEndings.byteOrderMark)
    }
}
