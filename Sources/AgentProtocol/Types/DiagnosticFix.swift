/// A tool's own proposal to mend a diagnostic.
public struct DiagnosticFix: Codable, Sendable, Hashable {
    public var title: String
    public var edits: [Edit]

    public struct Edit: Codable, Sendable, Hashable {
        public var path: String
        public var range: TextRange
        public var newText: String

        public init(path: String, range: TextRange, newText: String) {
            self.path = path
            self.range = range
            self.newText = newText
        }
    }

    public init(title: String, edits: [Edit]) {
        self.title = title
        self.edits = edits
    }
}
