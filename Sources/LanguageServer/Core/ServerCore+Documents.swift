import AgentProtocol

extension ServerCore {
    func open(_ item: LSP.TextDocumentItem) async {
        let path = FileURI.path(of: item.uri)
        let buffer = TextBuffer(item.text)
        let document = OpenDocument(
            uri: item.uri, path: path, version: item.version, buffer: buffer,
            saved: path.map { onDisk($0, orElse: buffer) } ?? nil)
        documents.open(document)
        // Under the client's own spelling, and with the version that some clients insist on.
        guard let path else { return }
        for id in texts.keys { texts[id]?.open(path, buffer) }
        await publish(readers(of: [path]).subtracting([path]))
        await publish([path], again: true)
    }

    func change(_ params: LSP.DidChange.Params) async {
        let mapper = mapper
        var edits: [LineEdit] = []
        let isOpen = documents.modify(uri: params.textDocument.uri) { document in
            edits = document.apply(params.contentChanges, mapper: mapper)
            document.version = params.textDocument.version
        }
        guard isOpen else {
            environment.log("didChange of a document that is not open: \(params.textDocument.uri)")
            return
        }
        guard let document = documents[uri: params.textDocument.uri], let path = document.path else { return }
        for id in texts.keys { texts[id]?.change(path, edits, to: document.buffer) }
        await publish(readers(of: [path]))
    }

    func save(_ uri: String) {
        _ = documents.modify(uri: uri) { document in
            // Where the editor hides line endings, the file keeps them.
            let bytes = document.fileBytes
            document.saved = bytes == document.buffer.bytes ? document.buffer : TextBuffer(bytes)
        }
    }

    /// What was not saved is gone: the file is what the user sees now.
    func closeDocument(_ uri: String) async {
        guard let path = documents.close(uri: uri)?.path else { return }
        await publish(rereadFiles([path]).union([path]))
    }

    /// Files changed on disk, perhaps because the editor saved or reloaded them: what counts as unsaved changes too.
    func filesChanged(_ uris: [String]) async {
        let paths = Set(uris.compactMap(FileURI.path(of:)))
        for path in paths {
            guard let document = documents[path: path] else { continue }
            let disk = onDisk(path, orElse: document.buffer)
            guard let disk, LineEndings.areEqual(disk.bytes, document.buffer.bytes) else { continue }
            _ = documents.modify(uri: document.uri) { $0.saved = disk }
        }
        await publish(rereadFiles(paths))
    }

    /// What is on disk; nil when there is no such file. A file that cannot be read, or is too large to compare, counts
    /// as what the buffer shows.
    private func onDisk(_ path: String, orElse buffer: TextBuffer) -> TextBuffer? {
        let folder = workspaceFolder(of: path) ?? "/"
        do {
            let relative = try WorkspacePath(FileURI.relative(path, to: folder) ?? "")
            let contents = try environment.files.read(relative, beneath: folder, limit: ResultSelection.mostBytes)
            guard let bytes = contents?.bytes else { return nil }
            return bytes == buffer.bytes ? buffer : TextBuffer(bytes)
        } catch {
            return buffer
        }
    }

    /// The unsaved buffers beneath a folder, as their files would look.
    func overlays(in folder: String) -> [DocumentOverlay] {
        documents.all.compactMap { document in
            guard let path = document.path, let relative = FileURI.relative(path, to: folder), document.isDirty,
                (try? WorkspacePath(relative)) != nil
            else { return nil }
            return DocumentOverlay(path: relative, text: String(decoding: document.fileBytes, as: UTF8.self))
        }.sorted { $0.path < $1.path }
    }

    /// The text that the user sees for a file: the buffer, else the file; nil when there is neither.
    func visibleText(_ path: WorkspacePath, beneath folder: String) -> TextBuffer? {
        if let document = documents[path: FileURI.normalized("\(folder)/\(path.text)")] { return document.buffer }
        let contents = try? environment.files.read(path, beneath: folder, limit: ResultSelection.mostBytes)
        return contents.map { TextBuffer($0.bytes) }
    }
}
