import AgentProtocol

/// What of a session's result is wanted, file by file, against what was applied of it before.
struct ResultSelection {
    /// The id that stands for the executable bit.
    static let modeID = "mode"
    /// A larger file is not compared and not written.
    static let mostBytes = 32 * 1024 * 1024

    /// Nil: every file.
    var paths: Set<String>?
    /// Ids by path.
    var hunks: [String: Set<String>] = [:]

    init(paths: [String]?, hunks: [HunkChoice]?) {
        self.paths = paths.map { Set($0) }
        guard let hunks else { return }
        if self.paths == nil { self.paths = [] }
        for choice in hunks { self.hunks[choice.path, default: []].formUnion(choice.ids) }
    }

    /// What `agent/diff` is to be asked for.
    var wanted: [String]? { paths.map { $0.union(hunks.keys).sorted() } }

    var isWhole: Bool { paths == nil }

    /// Why one file is not applied.
    private struct Refusal: Error {
        var reason: String
    }

    func changes(
        _ files: [FileDifference], _ record: ApplyRecord
    ) -> (changes: [FileChange], conflicts: [ApplyConflict]) {
        var changes: [FileChange] = []
        var conflicts: [ApplyConflict] = []
        var seen: Set<String> = []
        for file in files where isWanted(file.path) && seen.insert(file.path).inserted {
            do throws(Refusal) { changes.append(try change(file, record.files[file.path])) } catch {
                conflicts.append(ApplyConflict(path: file.path, reason: error.reason))
            }
        }
        for path in wanted ?? [] where !seen.contains(path) {
            conflicts.append(ApplyConflict(path: path, reason: "the session did not change this file"))
        }
        return (changes, conflicts)
    }

    private func isWanted(_ path: String) -> Bool { paths?.contains(path) ?? true || hunks[path] != nil }

    private func isNamed(_ path: String) -> Bool { paths?.contains(path) ?? false || hunks[path] != nil }

    private func change(_ file: FileDifference, _ memory: ApplyRecord.Entry?) throws(Refusal) -> FileChange {
        let path: WorkspacePath
        do throws(FileAccessError) { path = try WorkspacePath(file.path) } catch {
            throw Refusal(reason: error.description)
        }
        if file.sensitive == true, !isNamed(file.path) {
            throw Refusal(
                reason: "this file runs outside the sandbox once it is applied; look at it and apply it by name")
        }
        let old = try Self.image(file.oldContents, file.oldMode, isThere: file.change != .added, "old")
        let new = try Self.image(file.newContents, file.newMode, isThere: file.change != .deleted, "new")
        if case .link(let target) = new, LinkTarget.safe(target, at: path) == nil {
            throw Refusal(reason: "a symbolic link that leads out of the folder; make it by hand if you want it")
        }
        let whole = ApplyRecord.Entry(image: new, hunks: file.hunks?.flatMap(\.changes).map(\.id) ?? [])
        guard let ids = hunks[file.path], !(paths?.contains(file.path) ?? true) else {
            return FileChange(
                path: path, base: memory?.image ?? old, target: new,
                beginning: memory.map { _ in .init(base: old, target: new, memory: whole) }, memory: whole)
        }
        return try parts(Sides(path: path, file: file, old: old, new: new, whole: whole), ids, memory)
    }

    private struct Sides {
        var path: WorkspacePath
        var file: FileDifference
        var old: FileImage
        var new: FileImage
        var whole: ApplyRecord.Entry
    }

    private func parts(
        _ sides: Sides, _ ids: Set<String>, _ memory: ApplyRecord.Entry?
    ) throws(Refusal) -> FileChange {
        let chosen = try Self.changeIDs(ids, of: sides.file)
        guard let old = sides.old.bytes, let new = sides.new.bytes, let hunks = sides.file.hunks else {
            // A new, a deleted and a binary file have no parts.
            return FileChange(
                path: sides.path, base: memory?.image ?? sides.old, target: sides.new,
                beginning: memory.map { _ in .init(base: sides.old, target: sides.new, memory: sides.whole) },
                memory: sides.whole)
        }
        guard let lines = HunkLines(old: old, new: new, hunks: hunks) else {
            throw Refusal(reason: "the service sent hunks that do not fit the file; apply it as a whole")
        }
        let mode = ids.contains(Self.modeID) ? sides.new.isExecutable : nil
        let first = Self.exact(lines, sides, chosen, before: [], mode: mode ?? sides.old.isExecutable)
        let beginning = FileChange.Beginning(base: sides.old, target: first.image, memory: first)
        guard let memory else {
            return FileChange(path: sides.path, base: sides.old, target: first.image, memory: first)
        }
        guard let present = memory.image.bytes else {
            throw Refusal(reason: "what was applied of it before is \(memory.image.words); apply it as a whole")
        }
        let before = Set(memory.hunks).intersection(lines.changes.map(\.id))
        let executable = mode ?? memory.image.isExecutable
        if lines.applying(before) == present {
            let entry = Self.exact(lines, sides, chosen, before: before, mode: executable)
            // What is chosen again comes again when the user took it out.
            let base = lines.applying(before.subtracting(chosen))
            return FileChange(
                path: sides.path, base: .file(base, executable: memory.image.isExecutable), target: entry.image,
                beginning: beginning, memory: entry)
        }
        // The session went on after a part was applied.
        guard let completed = lines.completing(present, with: chosen) else {
            throw Refusal(
                reason: "the session has changed what was applied before in the same place; apply the whole file")
        }
        let image = FileImage.file(completed, executable: executable)
        return FileChange(
            path: sides.path, base: memory.image, target: image, beginning: beginning,
            memory: .init(image: image, hunks: before.union(chosen).sorted()))
    }

    private static func exact(
        _ lines: HunkLines, _ sides: Sides, _ chosen: Set<String>, before: Set<String>, mode: Bool
    ) -> ApplyRecord.Entry {
        let all = before.union(chosen)
        return .init(image: .file(lines.applying(all), executable: mode), hunks: all.sorted())
    }

    /// The changes that the ids of hunks and changes stand for.
    private static func changeIDs(_ ids: Set<String>, of file: FileDifference) throws(Refusal) -> Set<String> {
        var result: Set<String> = []
        var known: Set<String> = file.oldMode != nil && file.newMode != nil ? [modeID] : []
        for hunk in file.hunks ?? [] {
            known.insert(hunk.id)
            known.formUnion(hunk.changes.map(\.id))
            result.formUnion(hunk.changes.map(\.id).filter { ids.contains(hunk.id) || ids.contains($0) })
        }
        guard ids.isSubset(of: known) else {
            throw Refusal(reason: "the session has changed this part meanwhile; look at the diff again")
        }
        return result
    }

    private static func image(
        _ base64: String?, _ mode: String?, isThere: Bool, _ side: String
    ) throws(Refusal) -> FileImage {
        guard isThere else { return .absent }
        guard let base64 else {
            throw Refusal(reason: "the service did not send the \(side) contents; take the file over by hand")
        }
        guard let bytes = Base64.decode(base64) else {
            throw Refusal(reason: "the service sent \(side) contents that are not base64")
        }
        guard bytes.count <= mostBytes else { throw Refusal(reason: "larger than \(mostBytes) bytes") }
        switch mode {
        case nil, "100644": return .file(bytes, executable: false)
        case "100755": return .file(bytes, executable: true)
        case "120000": return .link(bytes)
        case let mode?: throw Refusal(reason: "neither a file nor a link (mode \(mode)); take it over by hand")
        }
    }
}
