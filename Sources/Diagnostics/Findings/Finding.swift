import AgentProtocol

/// A diagnostic as a parser saw it: columns still in the tool's unit, files not yet reduced to the workspace's.
struct Finding {
    var tool: String
    var severity: Diagnostic.Severity
    var code: String?
    var codeURL: String?
    var message: String
    var place: Place?
    var related: [Related] = []
    /// Where the file was included from: explains less than the notes and so comes after them.
    var includes: [Related] = []
    var fixes: [Fix] = []
    var tags: [Diagnostic.Tag] = []
    var test: Test?
    /// Says only that something failed; of no interest when another error says what.
    var isSummary = false
    /// The parser's name; the collector sets it.
    var parser = ""

    struct Place: Hashable {
        var file: FoundPath
        /// From 1; 0 when the tool named none.
        var line: Int
        /// From 1.
        var column: Int?
        var endLine: Int?
        /// Exclusive.
        var endColumn: Int?
        /// Cells of a terminal that were underlined from the column on, when there is no `endColumn`.
        var cells: Int?
        var unit: ColumnUnit = .bytes
    }

    /// What is known of a failed test.
    struct Test: Hashable {
        var name: String
        var expected: String?
        var actual: String?
        /// The innermost first.
        var stack: [Related] = []
    }

    struct Related: Hashable {
        var place: Place?
        var message: String
    }

    struct Fix: Hashable {
        var title: String
        var edits: [Edit]

        struct Edit: Hashable {
            var place: Place
            var newText: String
        }
    }
}
