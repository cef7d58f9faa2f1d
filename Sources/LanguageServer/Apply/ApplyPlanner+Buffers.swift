import AgentProtocol

extension ApplyPlanner {
    // MARK: Open buffers

    func addBuffer(_ given: Target, _ document: OpenDocument, to plan: inout ApplyPlan) throws(Conflict) {
        var target = given
        let text = document.buffer.bytes
        let executable = target.onDisk.isExecutable
        // A buffer of a file that is not there yet, with nothing in it, is no file.
        let isNothing = text.isEmpty && target.onDisk == .absent && target.change.base == .absent
        let current: FileImage = isNothing ? .absent : .file(text, executable: executable)
        target.change = target.change.from(current)
        try mergeIfNeeded(&target, current: current)
        let path = target.path.text
        let before: FileImage = isNothing ? .absent : .file(document.fileBytes, executable: executable)
        guard !target.change.target.looksLike(current) else {
            addDone(target, before, to: &plan)
            return
        }
        guard features.appliesEdits else {
            throw Conflict(reason: "the buffer has unsaved changes; save it and apply again")
        }
        switch target.change.target {
        case .absent: try addDeletion(target, document, before, to: &plan)
        case .link, .folder: throw Conflict(reason: "a buffer is open in the place of a link; close it and apply again")
        case .file(let new, _):
            guard Self.isText(new) else {
                throw Conflict(reason: "the new contents are not UTF-8 text; close the buffer")
            }
            // In the buffer's own convention: the editor puts line endings and byte order mark back when it saves.
            let shown = LineEndings.plain(text) == text ? LineEndings.plain(new) : new
            let edits = LineDifference.edits(from: document.buffer, to: TextBuffer(shown), mapper: mapper)
            plan.edits.append(.init(path: path, uri: document.uri, version: document.version, edits: edits))
            let after = LineEndings.restored(new, like: document.fileBytes)
            note(target, before, .file(after, executable: target.executable ?? executable), in: &plan)
            addMode(target, to: &plan)
        }
    }

    private func addDeletion(
        _ target: Target, _ document: OpenDocument, _ before: FileImage, to plan: inout ApplyPlan
    ) throws(Conflict) {
        let path = target.path.text
        if features.deletesFiles, !writesToDisk, !target.isMove {
            plan.edits.append(
                .init(path: path, uri: document.uri, version: document.version, edits: [], operation: .delete))
        } else if target.onDisk == .absent {
            plan.unchanged.append(path)
        } else {
            plan.disk.append(.init(path: target.path, expected: target.onDisk, action: .remove))
            plan.shown.insert(path)
        }
        note(target, before, .absent, in: &plan)
    }

    /// Nothing is to be written, but for the executable bits.
    private func addDone(_ target: Target, _ before: FileImage, to plan: inout ApplyPlan) {
        let after = before.with(executable: target.executable ?? before.isExecutable)
        note(target, before, after, in: &plan)
        plan.unchanged.append(target.path.text)
        addMode(target, to: &plan)
    }

    private func addMode(_ target: Target, to plan: inout ApplyPlan) {
        guard let executable = target.executable, target.onDisk.bytes != nil, target.onDisk.isExecutable != executable
        else { return }
        plan.disk.append(.init(path: target.path, expected: target.onDisk, action: .mode(executable)))
    }

    private func note(_ target: Target, _ before: FileImage, _ after: FileImage, in plan: inout ApplyPlan) {
        let path = target.path.text
        plan.images[path] = .init(before: before, after: after)
        plan.memory[path] = target.change.memory
        if merged[path]?.hasMarkers == true { plan.marked.append(path) }
    }

    // MARK: Files

    func addFile(_ target: Target, to plan: inout ApplyPlan) throws(Conflict) {
        let current = target.onDisk
        let path = target.path.text
        var after = target.change.target
        if let own = current.bytes, let new = after.bytes, merged[path] == nil, target.change.base.bytes != own {
            // It has other line endings than the session's, and keeps them.
            after = .file(LineEndings.restored(LineEndings.plain(new), like: own), executable: after.isExecutable)
        }
        if let executable = target.executable {
            after = after.with(executable: executable)
        } else if current.bytes != nil {
            // The user's own bits stay.
            after = after.with(executable: current.isExecutable)
        }
        guard current.bytes != after.bytes || current.bytes == nil, current != after else {
            addDone(target, current, to: &plan)
            return
        }
        note(target, current, after, in: &plan)
        switch after {
        case .folder: throw Conflict(reason: "a folder is not applied")
        case .link(let bytes):
            guard let name = LinkTarget.safe(bytes, at: target.path) else {
                throw Conflict(reason: "a symbolic link that leads out of the folder; make it by hand if you want it")
            }
            plan.disk.append(.init(path: target.path, expected: current, action: .link(name)))
        case .absent: addRemoval(target, to: &plan)
        case .file(let new, _):
            let uri = FileURI.uri(of: FileURI.normalized("\(folder)/\(path)"))
            guard usesEditor(target, new) else {
                let executable = current.bytes == nil ? after.isExecutable : target.executable
                plan.disk.append(
                    .init(path: target.path, expected: current, action: .write(new, executable: executable)))
                return
            }
            if let old = current.bytes {
                let edits = LineDifference.edits(from: TextBuffer(old), to: TextBuffer(new), mapper: mapper)
                plan.edits.append(.init(path: path, uri: uri, edits: edits))
            } else {
                let start = LSP.Position(line: 0, character: 0)
                let edit = LSP.TextEdit(
                    range: .init(start: start, end: start), newText: String(decoding: new, as: UTF8.self))
                plan.edits.append(.init(path: path, uri: uri, edits: new.isEmpty ? [] : [edit], operation: .create))
            }
        }
    }

    private func addRemoval(_ target: Target, to plan: inout ApplyPlan) {
        let uri = FileURI.uri(of: FileURI.normalized("\(folder)/\(target.path.text)"))
        if features.appliesEdits, features.deletesFiles, !writesToDisk, !target.isMove, target.onDisk.bytes != nil {
            plan.edits.append(.init(path: target.path.text, uri: uri, edits: [], operation: .delete))
        } else {
            plan.disk.append(.init(path: target.path, expected: target.onDisk, action: .remove))
        }
    }

    /// An editor may show a file otherwise than it is (line endings, encoding): only plain text goes through it unseen.
    private func usesEditor(_ target: Target, _ new: [UInt8]) -> Bool {
        guard features.appliesEdits, !writesToDisk, !target.isMove, target.executable == nil, Self.isPlainText(new)
        else { return false }
        switch target.onDisk {
        case .file(let old, _): return Self.isPlainText(old)
        case .link, .folder: return false
        // Editors make no folders for a new file, or not all of them do.
        case .absent: return features.createsFiles && files.parentExists(target.path, beneath: folder)
        }
    }

    private static func isText(_ bytes: [UInt8]) -> Bool {
        !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
    }

    private static func isPlainText(_ bytes: [UInt8]) -> Bool {
        isText(bytes) && !bytes.contains(UInt8(ascii: "\r")) && !bytes.starts(with: LineEndings.byteOrderMark)
    }
}
