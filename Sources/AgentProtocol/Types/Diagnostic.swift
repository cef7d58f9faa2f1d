/// One finding of a compiler, linter or test runner, whatever printed it.
public struct Diagnostic: Codable, Sendable, Hashable {
    /// The tool's name: `gcc`, `swiftc`, `pytest`.
    public var tool: String
    public var severity: Severity
    /// The tool's own name of the rule: `-Wunused-variable`, `E0382`.
    public var code: String?
    /// Documentation of the rule.
    public var codeURL: String?
    public var message: String
    /// Relative to the workspace folder; empty when the tool named no file (a linker error).
    public var path: String
    /// Absent when the tool named no place in the file.
    public var range: TextRange?
    /// The text of the line where `range` starts, as the tool saw it, without its line break; at most 400 bytes.
    /// For telling whether another copy of the file still has that line.
    public var sourceLine: String?
    public var related: [RelatedLocation]?
    public var fixes: [DiagnosticFix]?
    public var tags: [Tag]?
    /// With a failed test.
    public var test: FailedTest?
    /// The same for the same finding after lines have moved; hex.
    public var fingerprint: String

    public enum Severity: String, Codable, Sendable, CaseIterable {
        case error, warning, information, hint
    }

    /// How an editor may show it beyond its severity (LSP 3.17, DiagnosticTag).
    public enum Tag: String, Codable, Sendable, CaseIterable {
        case unnecessary, deprecated
    }

    public init(
        tool: String, severity: Severity, code: String? = nil, codeURL: String? = nil, message: String, path: String,
        range: TextRange? = nil, sourceLine: String? = nil, related: [RelatedLocation]? = nil,
        fixes: [DiagnosticFix]? = nil, tags: [Tag]? = nil, test: FailedTest? = nil, fingerprint: String = ""
    ) {
        self.tool = tool
        self.severity = severity
        self.code = code
        self.codeURL = codeURL
        self.message = message
        self.path = path
        self.range = range
        self.sourceLine = sourceLine
        self.related = related
        self.fixes = fixes
        self.tags = tags
        self.test = test
        self.fingerprint = fingerprint
    }
}
