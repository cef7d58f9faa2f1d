/// `diagnosticsUpdated`: all diagnostics of one check, in place of what it found before.
public struct DiagnosticsUpdated: Codable, Sendable, Equatable {
    public var check: String
    /// At most 1000.
    public var diagnostics: [Diagnostic]
    /// How files that the diagnostics name differ from the snapshot that the session started from: positions in a
    /// diagnostic are those of the tree that was checked. A file that is not here does not differ.
    public var changes: [LineChanges]?
    /// Before the cap.
    public var total: Int
    /// Against the check's first run, on the untouched tree.
    public var new: Int
    public var fixed: Int
    public var remaining: Int

    public init(
        check: String, diagnostics: [Diagnostic], changes: [LineChanges]? = nil, total: Int, new: Int, fixed: Int,
        remaining: Int
    ) {
        self.check = check
        self.diagnostics = diagnostics
        self.changes = changes
        self.total = total
        self.new = new
        self.fixed = fixed
        self.remaining = remaining
    }
}
