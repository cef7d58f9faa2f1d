import AgentProtocol

/// A changed file as the gate looks at it.
struct GateFile: Sendable {
    /// Relative to the workspace.
    var path: String
    /// nil when there was no such file.
    var old: [UInt8]?
    /// nil when there is no such file any more.
    var new: [UInt8]?
    var isExecutable = false
    /// Its contents are not at hand: too large.
    var isUnread = false

    var isAdded: Bool { old == nil && !isUnread }
    var isDeleted: Bool { new == nil && !isUnread }
    /// The last part of its path.
    var name: String { String(path.split(separator: "/").last ?? "") }
}

/// What the gate's rules look at: two trees, and what the checks said of each.
struct GateInput: Sendable {
    /// Against the tree that the session began with.
    var files: [GateFile]
    /// Changed paths that are no part of the result (build products), with whether they were there before.
    var products: [(path: String, existed: Bool)] = []
    /// The argument vectors of all checks.
    var commands: [[String]]
    /// By check: the tests that it counted when it counted some first.
    var testsBefore: [String: TestCounts] = [:]
    /// On the tree that is handed over.
    var evidence: [CheckEvidence] = []
    /// What the checks found when they ran first.
    var diagnosticsBefore: [Diagnostic] = []
    /// A regular file of the tree that the session began with; nil when there is none, or it is large.
    var read: @Sendable (String) -> [UInt8]? = { _ in nil }

    /// Bytes of one file that are looked at: far more than people write by hand.
    static let fileBytes = 1 << 20
    /// Bytes of all files together, old and new.
    static let totalBytes = 16 << 20
    /// Files that are looked at.
    static let maximumFiles = 2000
    /// Findings that are told.
    static let maximumFindings = 50
    /// Findings of one rule in one file that are told.
    static let maximumFindingsOfFile = 5
}
