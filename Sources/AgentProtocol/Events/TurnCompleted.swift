/// `turnCompleted`: a turn has ended; the evidence is for `treeHash`, the tree that `agent/diff` hands over.
public struct TurnCompleted: Codable, Sendable, Equatable {
    public var turnId: String
    public var outcome: TurnOutcome
    /// In words for the user.
    public var reason: String
    public var evidence: [CheckEvidence]
    /// Why checks that pass are not believed; absent when there is nothing of that kind.
    public var gateFindings: [GateFinding]?
    /// Absent when the sandbox was lost or never came up.
    public var treeHash: String?
    /// Relative paths, against the snapshot.
    public var changedFiles: [String]
    /// Model answers of this turn.
    public var steps: Int
    public var durationMilliseconds: Int

    public init(
        turnId: String, outcome: TurnOutcome, reason: String, evidence: [CheckEvidence],
        gateFindings: [GateFinding]? = nil, treeHash: String? = nil, changedFiles: [String], steps: Int,
        durationMilliseconds: Int
    ) {
        self.turnId = turnId
        self.outcome = outcome
        self.reason = reason
        self.evidence = evidence
        self.gateFindings = gateFindings
        self.treeHash = treeHash
        self.changedFiles = changedFiles
        self.steps = steps
        self.durationMilliseconds = durationMilliseconds
    }
}
