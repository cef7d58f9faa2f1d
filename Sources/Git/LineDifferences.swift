import Clibgit2

/// Which lines of one text became which of another, as `git diff` sees it.
public enum LineDifferences {
    /// Lines of both sides that differ, counted from 0.
    public struct Hunk: Sendable, Equatable {
        public var old: Range<Int>
        public var new: Range<Int>
    }

    /// - Returns: in order; nil for a text that `UnifiedDiff` would call binary or has too many hunks.
    /// - Parameter maximumHunks: more of them are of no use to anybody.
    public static func hunks(old: [UInt8], new: [UInt8], maximumHunks: Int) throws(GitError) -> [Hunk]? {
        try GitLibrary.require()
        guard old.count <= UnifiedDiff.maximumBytes, new.count <= UnifiedDiff.maximumBytes,
            !UnifiedDiff.isBinary(old), !UnifiedDiff.isBinary(new)
        else { return nil }
        var options = git_diff_options()
        try check("diff", git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION)))
        options.flags |= UInt32(GIT_DIFF_FORCE_TEXT.rawValue)
        options.context_lines = 0
        options.interhunk_lines = 0
        var patch: OpaquePointer?
        let code = old.withUnsafeBytes { old in
            new.withUnsafeBytes { new in
                git_patch_from_buffers(
                    &patch, old.baseAddress, old.count, nil, new.baseAddress, new.count, nil, &options)
            }
        }
        try check("diff", code)
        guard let patch else { return [] }
        defer { git_patch_free(patch) }
        let count = git_patch_num_hunks(patch)
        guard count <= maximumHunks else { return nil }
        var hunks: [Hunk] = []
        for index in 0..<count {
            var hunk: UnsafePointer<git_diff_hunk>?
            try check("diff", git_patch_get_hunk(&hunk, nil, patch, index))
            guard let hunk = hunk?.pointee else { continue }
            hunks.append(
                Hunk(
                    old: range(hunk.old_start, hunk.old_lines), new: range(hunk.new_start, hunk.new_lines)))
        }
        return hunks
    }

    /// A side without lines names the line before.
    static func range(_ start: Int32, _ count: Int32) -> Range<Int> {
        let first = count == 0 ? Int(start) : Int(start) - 1
        return first..<(first + Int(count))
    }
}
