import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes what git would store of changed files, by rules alone: no program that the attributes name is run.
///
/// Not Sendable: use it on the thread that made it. All calls block on the disk.
public final class GitConversion {
    private let adjustments: TreeAdjustments
    private let repository: Repository?
    /// The `.gitattributes` files, where the rules are looked up.
    private let tree: String

    /// - Parameters:
    ///   - attributes: the `.gitattributes` files of the workspace, by path.
    ///   - directory: a new folder for the rules; its parent must be there. Remove it afterwards.
    /// - Throws: `WorkspaceError`.
    public init(
        _ adjustments: TreeAdjustments, attributes: [String: [UInt8]], directory: String
    ) throws(WorkspaceError) {
        self.adjustments = adjustments
        tree = "\(directory)/tree"
        guard let rules = adjustments.conversion else {
            repository = nil
            return
        }
        for path in [directory, tree] {
            guard mkdir(path, 0o700) == 0 else { throw Self.failure(path) }
        }
        do {
            let made = try Repository.create(bare: "\(directory)/rules.git")
            for (key, value) in rules.settings { try made.configure(key, value) }
            try made.standOn(tree)
            repository = made
        } catch {
            throw .git(error.description)
        }
        if let text = rules.attributes {
            mkdir("\(directory)/rules.git/info", 0o700)
            let path = "\(directory)/rules.git/info/attributes"
            guard FileBytes.write(Array(text.utf8), toFile: path, mode: 0o600) else { throw Self.failure(path) }
        }
        for (path, text) in rules.above { try place(Array(text.utf8), path) }
        for (path, bytes) in attributes {
            try place(bytes, String(decoding: adjustments.gitPath(path), as: UTF8.self))
        }
    }

    private func place(_ bytes: [UInt8], _ path: String) throws(WorkspaceError) {
        let parts = RelativePath.parts(path)
        guard parts.last == ".gitattributes", !RelativePath.isGitInternal(path),
            !parts.contains(where: { $0 == ".." || $0 == "." })
        else { return }
        var folder = tree
        for part in parts.dropLast() {
            folder += "/\(part)"
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Self.failure(folder) }
        }
        guard FileBytes.write(bytes, toFile: "\(tree)/\(path)", mode: 0o600) else { throw Self.failure(path) }
    }

    /// What git stores of a regular file.
    /// - Parameters:
    ///   - path: relative to the workspace.
    ///   - original: the file's bytes at the start of the session; nil when it was not there.
    /// - Throws: `WorkspaceError.git` when the rules cannot be followed.
    public func blob(
        of contents: [UInt8], path: String, original: () -> [UInt8]?
    ) throws(WorkspaceError) -> [UInt8] {
        guard let repository else { return contents }
        let name = String(decoding: adjustments.gitPath(path), as: UTF8.self)
        if repository.attribute("filter", of: name) == "lfs" { return LargeFilePointer.clean(contents) }
        guard repository.mayConvert(name) else { return contents }
        let text = repository.attribute("text", of: name)
        // As git: what was recorded with CRLF stays so where the conversion is only a guess (convert.c, "safe" autocrlf).
        let isGuess =
            text == "auto"
            || (text == nil && repository.attribute("eol", of: name) == nil
                && adjustments.conversion?.settings["core.autocrlf"] != nil)
        if isGuess, adjustments.converted[path] == nil, let original = original(), Self.hasCRLF(original) {
            return contents
        }
        do { return try repository.cleaned(contents, path: name) } catch { throw .git(error.description) }
    }

    private static func hasCRLF(_ bytes: [UInt8]) -> Bool {
        var wasReturn = false
        for byte in bytes {
            if wasReturn, byte == UInt8(ascii: "\n") { return true }
            wasReturn = byte == UInt8(ascii: "\r")
        }
        return false
    }

    private static func failure(_ path: String) -> WorkspaceError {
        .fileFailed(path: path, reason: String(cString: strerror(errno)))
    }
}
