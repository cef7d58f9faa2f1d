import Clibgit2

extension UnifiedDiff {
    /// Beyond this nobody chooses among a file's changes.
    public static let maximumChanges = 2000

    /// Lines that a patch shows together, with their context.
    public struct Hunk: Sendable, Equatable {
        /// Named by its place in the old text and by what it shows, so that it keeps its name as long as it is the same.
        public var id: String
        /// The line from `@@` on, without its end.
        public var header: String
        /// Lines of both sides, counted from 0.
        public var lines: LineDifferences.Hunk
        /// What differs in it, in order; at least one.
        public var changes: [Change]
    }

    /// Neighbouring lines that differ.
    public struct Change: Sendable, Equatable {
        /// As a hunk's, without the context.
        public var id: String
        public var lines: LineDifferences.Hunk
    }

    /// - Returns: the patch from its first `@@` on, empty when nothing differs; nil when it is not UTF-8: a patch with other
    ///   letters in it would apply nowhere.
    static func hunks(_ before: [UInt8], _ after: [UInt8]) throws(GitError) -> (text: String, hunks: [Hunk]?)? {
        var options = git_diff_options()
        try check("diff", git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION)))
        options.flags |= UInt32(GIT_DIFF_FORCE_TEXT.rawValue)
        var patch: OpaquePointer?
        let code = before.withUnsafeBytes { old in
            after.withUnsafeBytes { new in
                git_patch_from_buffers(
                    &patch, old.baseAddress, old.count, nil, new.baseAddress, new.count, nil, &options)
            }
        }
        try check("diff", code)
        guard let patch else { return ("", []) }
        defer { git_patch_free(patch) }
        var text: [UInt8] = []
        var hunks: [Hunk] = []
        var changes = 0
        for index in 0..<git_patch_num_hunks(patch) {
            var reader = try HunkReader(patch, index)
            text += reader.header
            text.append(UInt8(ascii: "\n"))
            try reader.read(patch, index, into: &text)
            changes += reader.changes.count
            if changes <= maximumChanges { hunks.append(try reader.hunk()) }
        }
        guard let text = String(validating: text, as: UTF8.self) else { return nil }
        return (text, changes <= maximumChanges ? hunks : nil)
    }
}

/// Reads one hunk of libgit2's.
private struct HunkReader {
    let header: [UInt8]
    let lines: LineDifferences.Hunk
    private(set) var changes: [(lines: LineDifferences.Hunk, text: [UInt8])] = []
    private var text: [UInt8] = []
    private let count: Int

    init(_ patch: OpaquePointer, _ index: Int) throws(GitError) {
        var found: UnsafePointer<git_diff_hunk>?
        var count = 0
        try check("diff", git_patch_get_hunk(&found, &count, patch, index))
        guard let hunk = found?.pointee else {
            throw GitError(operation: "diff", code: -1, message: "a hunk is missing")
        }
        lines = LineDifferences.Hunk(
            old: LineDifferences.range(hunk.old_start, hunk.old_lines),
            new: LineDifferences.range(hunk.new_start, hunk.new_lines))
        var header = withUnsafeBytes(of: hunk.header) { Array($0.prefix(Int(hunk.header_len))) }
        while header.last == UInt8(ascii: "\n") { header.removeLast() }
        // libgit2 cuts the name of the function anywhere, within a character too.
        var kept = header
        while let last = kept.last, last & 0xC0 == 0x80 { kept.removeLast() }
        if let last = kept.last, last >= 0xC0 { kept.removeLast() }
        self.header = String(validating: header, as: UTF8.self) == nil ? kept : header
        self.count = count
    }

    /// Appends the lines as `git diff` prints them.
    mutating func read(_ patch: OpaquePointer, _ index: Int, into output: inout [UInt8]) throws(GitError) {
        var (old, new) = (lines.old.lowerBound, lines.new.lowerBound)
        var isOpen = false
        for number in 0..<count {
            var found: UnsafePointer<git_diff_line>?
            try check("diff", git_patch_get_line_in_hunk(&found, patch, index, number))
            guard let line = found?.pointee else { continue }
            var shown: [UInt8] = []
            let origin = UInt8(bitPattern: line.origin)
            let isLine = origin == UInt8(ascii: " ") || origin == UInt8(ascii: "+") || origin == UInt8(ascii: "-")
            if isLine { shown.append(origin) }
            shown += UnsafeRawBufferPointer(start: line.content, count: line.content_len)
            output += shown
            text += shown
            if origin == UInt8(ascii: " ") {
                (old, new) = (old + 1, new + 1)
                isOpen = false
                continue
            }
            if !isLine {
                // "No newline at end of file" belongs to the line before.
                if isOpen { changes[changes.count - 1].text += shown }
                continue
            }
            if !isOpen { changes.append((LineDifferences.Hunk(old: old..<old, new: new..<new), [])) }
            isOpen = true
            if origin == UInt8(ascii: "-") { old += 1 } else { new += 1 }
            let last = changes.count - 1
            changes[last].lines.old = changes[last].lines.old.lowerBound..<old
            changes[last].lines.new = changes[last].lines.new.lowerBound..<new
            changes[last].text += shown
        }
    }

    func hunk() throws(GitError) -> UnifiedDiff.Hunk {
        var named: [UnifiedDiff.Change] = []
        for change in changes {
            named.append(.init(id: try Self.id("change", change.lines.old, change.text), lines: change.lines))
        }
        return UnifiedDiff.Hunk(
            id: try Self.id("hunk", lines.old, text), header: String(decoding: header, as: UTF8.self), lines: lines,
            changes: named)
    }

    private static func id(_ kind: String, _ old: Range<Int>, _ text: [UInt8]) throws(GitError) -> String {
        try ObjectID.blob(Array("\(kind) \(old.lowerBound) \(old.count)\n".utf8) + text).description
    }
}
