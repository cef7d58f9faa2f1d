import AgentProtocol

/// A tool's own fix in the user's text, or nothing when the user does not have what it changes.
struct ToolFix: Sendable {
    struct FileEdit: Sendable {
        /// Absolute.
        var path: String
        /// In order, none over another.
        var edits: [(place: Range<TextBuffer.Point>, text: String)]
        /// What the places are in.
        var buffer: TextBuffer
    }

    var title: String
    /// One for each file.
    var files: [FileEdit]

    /// Where a file of the workspace is, by its path there.
    typealias Lookup = (WorkspacePath) -> (absolute: String, placement: Placement)

    /// - Parameter areOriginal: whether the editor knows the texts that the session started from. Where it does not, only
    ///   the line that the diagnostic quotes is known to be the same.
    init?(_ fix: DiagnosticFix, of diagnostic: AgentProtocol.Diagnostic, areOriginal: Bool, lookup: Lookup) {
        guard !fix.edits.isEmpty else { return nil }
        files = []
        for edit in fix.edits {
            guard let path = try? WorkspacePath(edit.path), Self.isPlain(edit.newText) else { return nil }
            let (absolute, placement) = lookup(path)
            guard let place = placement.exactRange(edit.range), let text = placement.followed?.current else {
                return nil
            }
            let isQuoted = edit.path == diagnostic.path && edit.range.startLine == diagnostic.range?.startLine
            if isQuoted, let line = diagnostic.sourceLine {
                let visible = Diagnostic.sourceLine(of: text.content(ofLine: place.lowerBound.line))
                guard visible == line else { return nil }
            }
            let isOneLine = place.upperBound.line == place.lowerBound.line
            guard areOriginal || (isQuoted && isOneLine && diagnostic.sourceLine != nil) else { return nil }
            let index = files.firstIndex { $0.path == absolute } ?? files.count
            if index == files.count { files.append(FileEdit(path: absolute, edits: [], buffer: text)) }
            files[index].edits.append((place, edit.newText))
        }
        for index in files.indices {
            files[index].edits.sort {
                ($0.place.lowerBound, $0.place.upperBound) < ($1.place.lowerBound, $1.place.upperBound)
            }
            guard Self.areApart(files[index].edits.map(\.place)) else { return nil }
        }
        let name = DisplayText.exact(fix.title, limit: 100)
        title = "\(DisplayText.exact(diagnostic.tool, limit: 20)): \(name.isEmpty ? "apply its fix" : name)"
    }

    /// Whether places that are in order do not overlap.
    static func areApart(_ places: [Range<TextBuffer.Point>]) -> Bool {
        zip(places, places.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound && $0 != $1 }
    }

    /// A fix comes from the sandbox: it puts nothing into a file that the user would not see there.
    private static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\r" || $0 == "\t" || !DisplayText.isUnsafe($0) }
    }
}
