import Clibgit2

/// Merges what two sides made of one text, as `git merge-file` does.
public enum FileMerge {
    /// Larger texts are not merged: nobody could look at what came of it.
    public static let maximumBytes = 4 << 20

    public struct Merged: Sendable, Equatable {
        public var contents: [UInt8]
        /// Whether both sides changed other lines, so that `contents` has no conflict markers.
        public var isClean: Bool
    }

    /// What stands beside the markers of a conflict.
    public struct Labels: Sendable {
        public var ours: String
        public var theirs: String

        public init(ours: String, theirs: String) {
            self.ours = ours
            self.theirs = theirs
        }
    }

    /// - Parameters:
    ///   - base: what both sides began with.
    ///   - labels: without line breaks.
    /// - Returns: nil when one of the three is binary or too large.
    public static func merge(
        base: [UInt8], ours: [UInt8], theirs: [UInt8], labels: Labels
    ) throws(GitError) -> Merged? {
        try GitLibrary.require()
        for side in [base, ours, theirs] where side.count > maximumBytes || UnifiedDiff.isBinary(side) { return nil }
        var options = git_merge_file_options()
        try check("merge", git_merge_file_options_init(&options, UInt32(GIT_MERGE_FILE_OPTIONS_VERSION)))
        options.flags = GIT_MERGE_FILE_SIMPLIFY_ALNUM.rawValue
        var result = git_merge_file_result()
        let code = labels.ours.withCString { ourLabel in
            labels.theirs.withCString { theirLabel in
                options.our_label = ourLabel
                options.their_label = theirLabel
                return withInput(base) { base in
                    withInput(ours) { ours in
                        withInput(theirs) { theirs in git_merge_file(&result, base, ours, theirs, &options) }
                    }
                }
            }
        }
        try check("merge", code)
        defer { git_merge_file_result_free(&result) }
        return Merged(
            contents: Array(UnsafeRawBufferPointer(start: result.ptr, count: result.len)),
            isClean: result.automergeable != 0)
    }

    private static func withInput(_ bytes: [UInt8], _ body: (UnsafePointer<git_merge_file_input>) -> Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var input = git_merge_file_input()
            let code = git_merge_file_input_init(&input, UInt32(GIT_MERGE_FILE_INPUT_VERSION))
            guard code >= 0 else { return code }
            input.ptr = buffer.bindMemory(to: CChar.self).baseAddress
            input.size = buffer.count
            return body(&input)
        }
    }
}
