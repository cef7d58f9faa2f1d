import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files of which git stores other bytes than they have.
extension OriginReader {
    /// - Parameter own: the index's entries of files that were taken.
    mutating func convert(_ own: [String: IndexEntry]) throws {
        guard let rules = rules() else { return }
        adjustments.conversion = rules
        let file = try configurationFile(rules)
        defer { if let file { unlink(file) } }
        if let file { try repository.addConfiguration(file: file) }
        let writtenAt = indexTime()
        for (path, entry) in subject.entries where entry.mode != .symbolicLink && adjustments.isRecorded(path) {
            let name = String(decoding: adjustments.gitPath(path), as: UTF8.self)
            let filter = repository.attribute("filter", of: name)
            if let filter, filter != "lfs" {
                try fix(path, name, filter)
                continue
            }
            guard filter != nil || repository.mayConvert(name) else { continue }
            let edited = subject.edited[path]
            if edited == nil, let known = own[path], isClean(path, known, writtenAt) {
                // What git recorded of just these bytes.
                note(path, raw: entry.blob, git: known.id)
                continue
            }
            let file = "\(subject.contents)/\(path)"
            guard let bytes = edited ?? FileBytes.read(file, limit: Self.maximumConvertedBytes) else { continue }
            let cleaned = filter == "lfs" ? LargeFilePointer.clean(bytes) : try repository.cleaned(bytes, path: name)
            if cleaned == bytes { continue }
            note(path, raw: entry.blob, git: try sink?(.blob, cleaned) ?? ObjectID.blob(cleaned))
        }
    }

    private mutating func note(_ path: String, raw: ObjectID, git: ObjectID) {
        if raw != git { adjustments.converted[path] = .init(raw: raw, git: git) }
    }

    /// A filter that is a program: what is recorded stays, and changes are not recorded.
    private mutating func fix(_ path: String, _ name: String, _ filter: String) throws {
        adjustments.fixed.insert(path)
        if let headTree, let leaf = try TreeEditor(repository).leaf(at: Array(name.utf8), in: headTree) {
            adjustments.kept.append(.init(path: BytePath(path), mode: leaf.mode, id: leaf.id))
        }
        let note = "changes of files with the filter `\(filter)` are not committed"
        if !origin.notes.contains(note), origin.notes.count < 10 { origin.notes.append(note) }
    }

    /// - Returns: nil where nothing can be converted.
    private func rules() -> ConversionRules? {
        var rules = ConversionRules()
        for key in ["core.autocrlf", "core.eol"] {
            if let value = repository.configured(key) ?? settings.values[key] { rules.settings[key] = value }
        }
        let converts =
            rules.settings["core.autocrlf"].map { ["true", "input", "yes", "on", "1"].contains($0) } ?? false
        if !converts { rules.settings["core.autocrlf"] = nil }
        let files = [settings.attributesFile, repository.commonDirectory + "info/attributes"].compactMap { $0 }
        let texts = files.compactMap { FileBytes.read($0, limit: Self.maximumRuleBytes) }
            .map { String(decoding: $0, as: UTF8.self) }
        if !texts.isEmpty { rules.attributes = texts.joined(separator: "\n") }
        var folder = ""
        for part in RelativePath.parts(String(decoding: adjustments.prefix.bytes, as: UTF8.self)) {
            let path = "\(folder).gitattributes"
            if let tree = repository.workingTree,
                let bytes = FileBytes.read(tree + path, limit: Self.maximumRuleBytes)
            {
                rules.above[path] = String(decoding: bytes, as: UTF8.self)
            }
            folder += "\(part)/"
        }
        let hasFiles = subject.entries.keys.contains {
            $0.utf8.elementsEqual(".gitattributes".utf8) || $0.hasSuffix("/.gitattributes")
        }
        guard converts || rules.attributes != nil || !rules.above.isEmpty || hasFiles else { return nil }
        return rules
    }

    /// What the user's own configuration adds, as a file that libgit2 can read.
    private func configurationFile(_ rules: ConversionRules) throws(WorkspaceError) -> String? {
        var text = "[core]\n"
        for (key, value) in rules.settings.sorted(by: { $0.key < $1.key }) {
            guard value.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }) else { continue }
            text += "\t\(key.dropFirst("core.".count)) = \(value)\n"
        }
        if let file = settings.attributesFile, !file.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            text += "\tattributesFile = \"\(file)\"\n"
        }
        guard text != "[core]\n" else { return nil }
        do { return try TemporaryFile.make(Array(text.utf8)) } catch { throw .git(error.description) }
    }

    // MARK: The index's knowledge

    /// Nanoseconds since 1970; nil when there is no index.
    func indexTime() -> Int? { FileStamp(path: repository.indexPath)?.modified }

    /// Whether the file is, as git sees it, the one that the index's entry was made of.
    func isClean(_ path: String, _ entry: IndexEntry, _ writtenAt: Int?) -> Bool {
        guard let stamp = FileStamp(path: "\(subject.folder)/\(path)") else { return false }
        return stamp.isRecorded(by: entry, writtenAt)
    }

    /// They are read as a whole.
    private static let maximumConvertedBytes = 1 << 30
}

extension FileStamp {
    /// The state of what stands at a path; nil when nothing does.
    init?(path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Whether an index's entry was made of a file in this state, by git's own rules: one that was written as late as the
    /// index may have changed since ("racy git").
    func isRecorded(by entry: IndexEntry, _ indexWrittenAt: Int?) -> Bool {
        guard let indexWrittenAt, modified < indexWrittenAt, size > 0 else { return false }
        let isLink = mode & UInt32(S_IFMT) == UInt32(S_IFLNK)
        switch entry.mode {
        case .symbolicLink: guard isLink else { return false }
        case .executable: guard !isLink, mode & 0o100 != 0 else { return false }
        case .regular: guard !isLink, mode & 0o100 == 0 else { return false }
        case .folder, .submodule: return false
        }
        func seconds(_ time: Int) -> Int { (time - nanoseconds(time)) / 1_000_000_000 }
        func nanoseconds(_ time: Int) -> Int { (time % 1_000_000_000 + 1_000_000_000) % 1_000_000_000 }
        let state = IndexEntry.State(
            modifiedSeconds: Int32(truncatingIfNeeded: seconds(modified)),
            modifiedNanoseconds: UInt32(nanoseconds(modified)),
            changedSeconds: Int32(truncatingIfNeeded: seconds(changed)),
            changedNanoseconds: UInt32(nanoseconds(changed)), inode: UInt32(truncatingIfNeeded: inode),
            size: UInt32(truncatingIfNeeded: size))
        return state == entry.state
    }
}
